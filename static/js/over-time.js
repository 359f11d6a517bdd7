// Arrivals as a line over stacked outcomes. Colours are the page's own and follow light and dark; the drawing is on
// a canvas and its tooltip too, so that the page's security policy needs no exception.

const place = document.getElementById("over-time");
const COLOURS = {
  complete: "--ray-1",
  screened_out: "--ray-2",
  quota_full: "--ray-4",
  no_consent: "--line-strong",
  failed_checks: "--ray-3",
  timed_out: "--note",
  withdrawn: "--ink-soft",
};

const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function series(one) {
  const isLine = one.key === "arrived";
  return {
    name: one.label,
    type: isLine ? "line" : "bar",
    stack: isLine ? undefined : "outcomes",
    data: one.values,
    symbol: "circle",
    symbolSize: 5,
    color: token(isLine ? "--accent" : COLOURS[one.key] || "--note"),
    barMaxWidth: 28,
  };
}

function words(moment, unit) {
  return unit === "hour" ? `${moment.slice(5, 10)} ${moment.slice(11, 16)}` : moment.slice(0, 10);
}

function options(figures) {
  const soft = token("--ink-soft");
  const axis = { axisLabel: { color: soft }, axisLine: { lineStyle: { color: token("--line-strong") } } };
  const ends = { ...axis, axisLabel: { color: soft, alignMinLabel: "left", alignMaxLabel: "right" } };
  return {
    // Patterns as well as colours; the description of the picture stays the page's own.
    aria: { enabled: true, label: { enabled: false }, decal: { show: true } },
    animation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
    textStyle: { fontFamily: token("--font") },
    grid: { left: 16, right: 36, top: 56, bottom: 8, containLabel: true },
    legend: { type: "scroll", top: 8, left: 8, textStyle: { color: token("--ink") } },
    tooltip: { trigger: "axis", renderMode: "richText" },
    xAxis: { type: "category", data: figures.times.map((one) => words(one, figures.unit)), ...ends },
    yAxis: { type: "value", minInterval: 1, ...axis, splitLine: { lineStyle: { color: token("--line") } } },
    series: figures.series.map(series),
  };
}

async function draw() {
  const answer = await fetch(place.dataset.url, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(String(answer.status));
  const figures = await answer.json();
  const chart = window.echarts.init(place, null, { renderer: "canvas" });
  const paint = () => chart.setOption(options(figures), true);
  paint();
  new ResizeObserver(() => chart.resize()).observe(place);
  new MutationObserver(paint).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
  place.dataset.drawn = "yes";
}

// Without a chart the table stands alone, with all figures.
if (place) draw().catch(() => place.remove());
