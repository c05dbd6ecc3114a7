"use strict";
// Draws the picture from the data of the page. All times are seconds.
const data = JSON.parse(document.getElementById("data").textContent);
const INK = data.colours.ink, MUTED = data.colours.muted, GRID = data.colours.grid;
const box = document.getElementById("picture");
const FONT = { family: getComputedStyle(document.body).fontFamily, size: 13, color: INK };
const narrow = () => window.innerWidth < 760;
const BAND_PX = 24, TITLE_PX = 30;
// Several bands have their names on the left.
const named = data.bands.length > 1 ? data.bands.map((band) => band.name) : [];
const LEFT_PX = Math.max(56, ...named.map((name) => Math.min(10 + 6.5 * name.length, 150)));
const MARGIN = { l: LEFT_PX, r: 14, t: 8, b: 44 };
const NAMED_PX = 6.5; // of a letter; a name that does not fit is left out
const MARKS_NAMED = 12;

// Heights in px from the top, then shares of the plot from below.
function places() {
  const panelPx = narrow() ? 140 : Math.max(84, Math.min(230, (window.innerHeight - 250) /
    Math.max(data.panels.length, 1) - TITLE_PX));
  const bandsPx = data.bands.length * (BAND_PX + 2);
  const inner = Math.max(bandsPx + data.panels.length * (panelPx + TITLE_PX), 60);
  const share = (px) => Math.max(1 - px / inner, 0);
  return {
    total: inner + MARGIN.t + MARGIN.b,
    bands: data.bands.map((_band, n) => [share(n * (BAND_PX + 2) + BAND_PX), share(n * (BAND_PX + 2))]),
    panels: data.panels.map((_panel, n) => {
      const top = bandsPx + n * (panelPx + TITLE_PX) + TITLE_PX;
      return [share(top + panelPx), share(top)];
    }),
    low: 0, high: share(bandsPx),
  };
}

function axis(extra) {
  return Object.assign({ gridcolor: GRID, zeroline: false, tickfont: { color: MUTED, size: 12 } }, extra);
}

function lines() {
  return data.panels.flatMap((panel, number) => panel.series.map((one) => ({
    x: one.x, y: one.y, name: one.name, yaxis: `y${data.bands.length + number + 1}`, mode: "lines",
    connectgaps: false, hovertemplate: `%{y} ${panel.unit}<extra>${one.name}</extra>`,
    opacity: one.wide ? 0.4 : 0.9, line: { color: one.colour, width: one.wide ? 5 : 1.4, dash: one.dashed ? "5px,3px" : "solid",
      shape: one.steps ? "hv" : "linear" } })));
}

function title(panel, top) {
  const names = panel.series.length > 1 ? panel.series.map((one) =>
    `<span style="color:${one.colour}">${one.dashed ? "╌" : "━"} ${one.name}</span>`) : [];
  const unit = panel.unit ? `, ${panel.unit}` : "";
  return { text: `<b>${panel.title}</b>${unit}   ${names.join("  ")}`, xref: "paper", x: 0,
    xanchor: "left", yref: "paper", y: top, yanchor: "bottom", yshift: 3, showarrow: false,
    align: "left", font: { size: narrow() ? 11 : 13 } };
}

// The part of a span that is seen, and its width in px.
function seen(span, range) {
  const start = Math.max(span.start, range[0]), end = Math.min(span.end, range[1]);
  const px = (end - start) / (range[1] - range[0]) * (box.clientWidth - MARGIN.l - MARGIN.r);
  return { middle: (start + end) / 2, px };
}

function labels(range, at) {
  const found = [];
  data.bands.forEach((band, number) => band.spans.forEach((span) => {
    const { middle, px } = seen(span, range);
    if (px < span.text.length * NAMED_PX) return;
    found.push({ text: span.text, x: middle, xref: "x", y: 0.5, yref: number ? `y${number + 1}` : "y",
      showarrow: false, font: { color: span.ink, size: 12 } });
  }));
  data.shades.forEach((shade) => {
    const { middle, px } = seen(shade, range);
    if (px < shade.text.length * NAMED_PX) return;
    found.push({ text: shade.text, x: middle, xref: "x", y: at.panels.length ? at.panels[0][0] : 0,
      yref: "paper", yanchor: "bottom", showarrow: false, font: { color: MUTED, size: 12 } });
  });
  const marks = data.marks.filter((mark) => mark.time >= range[0] && mark.time <= range[1]);
  marks.slice(0, MARKS_NAMED).forEach((mark) => found.push({ text: mark.text, x: mark.time, xref: "x",
    y: at.panels.length ? at.panels[0][1] : 1, yref: "paper", yanchor: "top",
    xanchor: mark.time > range[1] - 0.03 * (range[1] - range[0]) ? "right" : "left",
    textangle: -90, showarrow: false, font: { size: 12, color: mark.colour },
    bgcolor: "rgba(255,255,255,.75)" }));
  return found;
}

function shapes(at) {
  const bands = data.bands.flatMap((band, number) => band.spans.map((span) => ({ type: "rect",
    xref: "x", yref: number ? `y${number + 1}` : "y", x0: span.start, x1: span.end, y0: 0, y1: 1,
    fillcolor: span.colour, line: { width: 0 }, layer: "above" })));
  const shades = data.shades.map((shade) => ({ type: "rect", xref: "x", yref: "paper", layer: "below",
    x0: shade.start, x1: shade.end, y0: at.low, y1: at.high, fillcolor: shade.colour,
    line: { width: 0 } }));
  const marks = data.marks.map((mark) => ({ type: "line", xref: "x", yref: "paper", x0: mark.time,
    x1: mark.time, y0: at.low, y1: at.high, line: { color: mark.colour, width: 1.2, dash: "4px,3px" } }));
  return shades.concat(bands, marks);
}

function draw() {
  const at = places(), count = data.bands.length + data.panels.length;
  const layout = { font: FONT, paper_bgcolor: "#fff", plot_bgcolor: "rgba(0,0,0,0)", height: at.total,
    margin: MARGIN, showlegend: false, hovermode: "x unified", hoversubplots: "axis",
    dragmode: narrow() ? false : "zoom", shapes: shapes(at),
    hoverlabel: { font: { family: FONT.family, size: 12 }, bgcolor: "#fff", bordercolor: "#cdd4dc" },
    xaxis: axis({ range: [data.start, data.end], anchor: count > 1 ? `y${count}` : "y",
      title: { text: data.axis, font: { color: MUTED, size: 13 }, standoff: 6 }, hoverformat: ".4f",
      unifiedhovertitle: { text: "%{x:.4f} s" } }) };
  const yaxis = (number) => `yaxis${number ? number + 1 : ""}`;
  data.bands.forEach((_band, number) => { layout[yaxis(number)] = { domain: at.bands[number],
    range: [0, 1], fixedrange: true, showgrid: false, showticklabels: false, zeroline: false }; });
  data.panels.forEach((panel, number) => { layout[yaxis(data.bands.length + number)] = axis({
    domain: at.panels[number], range: panel.range, nticks: 5 }); });
  const titles = data.panels.map((panel, number) => title(panel, at.panels[number][1]));
  named.forEach((name, number) => titles.push({ text: name, x: 0, xref: "paper", xanchor: "right",
    xshift: -6, y: 0.5, yref: number ? `y${number + 1}` : "y", showarrow: false,
    font: { size: 12, color: MUTED } }));
  const notes = (range) => titles.concat(labels(range, at));
  layout.annotations = notes([data.start, data.end]);
  const config = { responsive: true, displaylogo: false, displayModeBar: false, doubleClick: "reset" };
  Plotly.newPlot(box, lines(), layout, config).then(() => {
    box.on("plotly_relayout", (change) => {
      if (!Object.keys(change).some((key) => key.startsWith("xaxis."))) return;
      Plotly.relayout(box, { annotations: notes(box.layout.xaxis.range) });
    });
  });
}

let wasNarrow = narrow();
window.addEventListener("resize", () => {
  if (narrow() !== wasNarrow) { wasNarrow = narrow(); draw(); }
});
draw();
