// Agreement of every two annotators as a heat map, and agreement over time with its interval. Colours are the
// page's own; the drawing is on a canvas and its tooltip too, so that the page's security policy needs no exception.

const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const written = (value) => (value === null ? "–" : value.toFixed(2));

function frame() {
  return {
    aria: { enabled: true, label: { enabled: false } },
    animation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
    textStyle: { fontFamily: token("--font") },
    grid: { left: 16, right: 36, top: 24, bottom: 16, containLabel: true },
  };
}

function axis(rest) {
  const soft = token("--ink-soft");
  const line = { lineStyle: { color: token("--line-strong") } };
  return { axisLabel: { color: soft }, axisLine: line, splitLine: { lineStyle: { color: token("--line") } }, ...rest };
}

function pairs({ codes, pairs: found }) {
  const cells = found
    .filter(([, , value]) => value !== null)
    .flatMap(([one, other, value]) => [
      [one, other, value],
      [other, one, value],
    ]);
  const area = { color: [token("--surface"), token("--surface-quiet")] };
  const names = { type: "category", data: codes, splitArea: { show: true, areaStyle: area } };
  return {
    ...frame(),
    grid: { ...frame().grid, bottom: 64 },
    tooltip: {
      renderMode: "richText",
      formatter: ({ value }) => `${codes[value[0]]} · ${codes[value[1]]}: ${written(value[2])}`,
    },
    xAxis: axis({ ...names, splitLine: { show: false } }),
    yAxis: axis({ ...names, inverse: true, splitLine: { show: false } }),
    visualMap: {
      min: 0,
      max: 1,
      calculable: false,
      orient: "horizontal",
      left: "center",
      bottom: 8,
      text: ["1", "≤ 0"],
      textStyle: { color: token("--ink-soft") },
      inRange: { color: [token("--surface-quiet"), token("--ray-4")] },
    },
    series: [
      {
        type: "heatmap",
        data: cells,
        label: { show: codes.length <= 12, color: token("--ink"), formatter: ({ value }) => written(value[2]) },
        itemStyle: { borderColor: token("--surface"), borderWidth: 2 },
      },
    ],
  };
}

function windows({ windows: found }) {
  const line = (key, rest) => ({ type: "line", data: found.map((one) => one[key]), symbol: "none", ...rest });
  const bound = { lineStyle: { color: token("--line-strong"), type: "dashed", width: 1 } };
  return {
    ...frame(),
    tooltip: {
      trigger: "axis",
      renderMode: "richText",
      formatter: ([{ dataIndex }]) => {
        const one = found[dataIndex];
        const interval = one.low === null || one.low === undefined ? "" : ` [${written(one.low)} … ${written(one.high)}]`;
        return `${one.from}: ${written(one.value)}${interval}`;
      },
    },
    xAxis: axis({
      type: "category",
      data: found.map((one) => one.from),
      boundaryGap: false,
      axisLabel: { color: token("--ink-soft"), alignMinLabel: "left", alignMaxLabel: "right" },
    }),
    yAxis: axis({ type: "value", max: 1, scale: true }),
    series: [
      line("low", bound),
      line("high", bound),
      line("value", { color: token("--accent"), symbol: "circle", symbolSize: 6 }),
    ],
  };
}

const OPTIONS = { pairs, windows };
const HAS_FIGURE = { pairs: ([, , value]) => value !== null, windows: ({ value }) => value !== null };

async function draw(place) {
  const answer = await fetch(place.dataset.url, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(String(answer.status));
  const figures = await answer.json();
  if (!figures[place.dataset.agreement].some(HAS_FIGURE[place.dataset.agreement])) throw new Error("nothing to draw");
  const chart = window.echarts.init(place, null, { renderer: "canvas" });
  const paint = () => chart.setOption(OPTIONS[place.dataset.agreement](figures), true);
  paint();
  new ResizeObserver(() => chart.resize()).observe(place);
  new MutationObserver(paint).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
  place.dataset.drawn = "yes";
}

// Without a chart its table stands alone, with all figures.
for (const place of document.querySelectorAll("[data-agreement]")) draw(place).catch(() => place.remove());
