// Scores against size and price as points, read from the table of scores: without a script it says all the same.
// Drawn on a canvas, so that the page's security policy needs no exception.

const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

function points(by) {
  return [...document.querySelectorAll(".scores tbody tr")]
    .filter((row) => Number(row.dataset[by]) > 0)
    .map((row) => ({ name: row.dataset.name, value: [Number(row.dataset[by]), Math.round(Number(row.dataset.score))] }));
}

function options(found, axis) {
  const soft = token("--ink-soft");
  const shared = {
    axisLabel: { color: soft },
    axisLine: { lineStyle: { color: token("--line-strong") } },
    nameTextStyle: { color: soft },
    splitLine: { lineStyle: { color: token("--line") } },
  };
  return {
    animation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
    textStyle: { fontFamily: token("--font") },
    grid: { left: 16, right: 72, top: 24, bottom: 32, containLabel: true },
    tooltip: { renderMode: "richText", formatter: (one) => `${one.name}\n${one.value[1]} · ${one.value[0]}` },
    xAxis: { type: "log", name: axis, nameLocation: "middle", nameGap: 28, ...shared },
    yAxis: { type: "value", scale: true, ...shared },
    series: [
      {
        type: "scatter",
        data: found,
        symbolSize: 10,
        color: token("--accent"),
        label: { show: true, formatter: "{b}", position: "top", color: token("--ink"), fontSize: 12 },
        labelLayout: { hideOverlap: true },
      },
    ],
  };
}

function draw(figure) {
  const found = points(figure.dataset.by);
  if (found.length < 2) return;
  figure.hidden = false;
  const chart = window.echarts.init(figure.querySelector(".chart"), null, { renderer: "canvas" });
  const paint = () => chart.setOption(options(found, figure.dataset.axis), true);
  paint();
  new ResizeObserver(() => chart.resize()).observe(figure);
  new MutationObserver(paint).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
}

document.querySelectorAll(".board-figure").forEach(draw);
