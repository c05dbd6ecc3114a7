"use strict";
// Draws the figures from the data of the page. All times are seconds, all lengths millimetres.
const data = JSON.parse(document.getElementById("data").textContent);
const INK = data.colours.ink, MUTED = data.colours.muted, GRID = data.colours.grid;
const FONT = { family: getComputedStyle(document.body).fontFamily, size: 13, color: INK };
const narrow = () => window.innerWidth < 760;
const CONFIG = { responsive: true, displayModeBar: false, doubleClick: "reset" };

function base(extra) {
  return Object.assign({
    font: FONT, paper_bgcolor: "#fff", plot_bgcolor: "#fff", showlegend: false,
    hoverlabel: { font: { family: FONT.family, size: 12 }, bgcolor: "#fff", bordercolor: "#cdd4dc" },
  }, extra);
}

function axis(extra) {
  return Object.assign({ gridcolor: GRID, zeroline: false, tickfont: { color: MUTED, size: 12 } }, extra);
}

// One run: states on top, a panel each below, one axis of time.
const TITLE_PX = 38, STATES_PX = 26, MARGIN = { l: 52, r: 12, t: 34, b: 42 };

function storyHeights(story) {
  const panel = narrow() ? 150 : 165;
  const inner = STATES_PX + story.panels.length * (panel + TITLE_PX);
  return { panel, inner, total: inner + MARGIN.t + MARGIN.b };
}

function panelTitle(panel, domainTop) {
  const names = panel.series.filter((one) => one.name).map((one) => {
    const sign = one.dots ? "●" : one.dashed ? "╌" : "━";
    return `<span style="color:${one.colour}">${sign} ${one.name}</span>`;
  });
  const gap = narrow() ? "<br>" : "   ";
  return { text: `<b>${panel.title}</b>, ${panel.unit}${gap}${names.join("  ")}`, xref: "paper", x: 0,
    xanchor: "left", yref: "paper", y: domainTop, yanchor: "bottom", yshift: 3, showarrow: false,
    align: "left", font: { size: narrow() ? 11 : 13 } };
}

function seriesTrace(one, number) {
  const trace = { x: one.x, y: one.y, name: `${one.panel}, ${one.name}`, yaxis: `y${number + 2}`,
    hovertemplate: `%{y:.4~g} ${one.unit}` };
  if (one.name === "") trace.hoverinfo = "skip";
  if (one.dots) {
    return Object.assign(trace, { mode: "markers", marker: { color: one.colour, size: 3.5 } });
  }
  const width = one.wide ? 5 : 1.4;
  return Object.assign(trace, { mode: "lines", opacity: one.wide ? 0.4 : 1,
    line: { color: one.colour, width, dash: one.dashed ? "5px,3px" : "solid", shape: "linear" } });
}

// The state at each moment, for the hover box; what one sees of it are shapes and labels.
function stateTrace(story) {
  const times = story.panels[0].series[1].x;
  const text = times.map((time) => (story.bands.find((band) => time < band.end) ||
    story.bands[story.bands.length - 1]).state);
  return { x: times, y: times.map(() => 0), text, mode: "markers", marker: { opacity: 0 },
    name: "state", hovertemplate: "%{text}" };
}

function stateLabels(story, range) {
  return story.bands.map((band) => {
    const start = Math.max(band.start, range[0]), end = Math.min(band.end, range[1]);
    const share = (end - start) / (range[1] - range[0]);
    return share < (narrow() ? 0.2 : 0.07) ? null : { text: band.state, x: (start + end) / 2, xref: "x",
      y: 0, yref: "y", showarrow: false, font: { color: band.ink, size: 12 } };
  }).filter(Boolean);
}

function storyShapes(story, states) {
  const low = 0, high = states[0] - 0.004;
  const bands = story.bands.map((one) => ({ type: "rect", xref: "x", yref: "y domain", x0: one.start,
    x1: one.end, y0: 0, y1: 1, fillcolor: one.colour, line: { width: 0 }, layer: "above" }));
  const zones = story.contacts.map((one) => ({ type: "rect", xref: "x", yref: "paper", layer: "below",
    x0: one.start, x1: one.end, y0: low, y1: high, fillcolor: one.colour, line: { width: 0 } }));
  const marks = story.marks.flatMap((one) => story.panels.map((_panel, number) => ({ type: "line",
    xref: "x", yref: `y${number + 2} domain`, x0: one.time, x1: one.time, y0: 0, y1: 1,
    line: { color: one.colour, width: 1.2, dash: "4px,3px" } })));
  return bands.concat(zones, marks);
}

function storyNotes(story, heights, top) {
  const zones = story.contacts.map((one) => ({ text: one.zone, x: (one.start + one.end) / 2, xref: "x",
    yref: "paper", y: 0, yanchor: "bottom", showarrow: false, font: { size: 12, color: MUTED } }));
  const marks = story.marks.map((one) => ({ text: one.text, x: one.time, xref: "x", yref: "paper",
    y: top, yanchor: "top", xanchor: "left", xshift: 1, textangle: -90, showarrow: false,
    font: { size: 12, color: one.colour }, bgcolor: "rgba(255,255,255,.75)" }));
  return zones.concat(marks);
}

function drawStory(id) {
  const story = data.stories[id], heights = storyHeights(story), count = story.panels.length;
  const states = [1 - STATES_PX / heights.inner, 1];
  const layout = base({ height: heights.total, margin: MARGIN, hovermode: "x unified",
    hoversubplots: "axis", dragmode: narrow() ? false : "zoom",
    xaxis: axis({ range: [story.start, story.end], title: { text: "time in s", font: { color: MUTED, size: 13 }, standoff: 6 },
      anchor: `y${count + 1}`, hoverformat: ".3f", unifiedhovertitle: { text: "%{x:.3f} s" } }),
    yaxis: { domain: states, fixedrange: true, showgrid: false, showticklabels: false, zeroline: false,
      range: [-0.5, 0.5] } });
  const notes = [], traces = [stateTrace(story)];
  story.panels.forEach((panel, number) => {
    const top = 1 - (STATES_PX + TITLE_PX + number * (heights.panel + TITLE_PX)) / heights.inner;
    layout[`yaxis${number + 2}`] = axis({ domain: [top - heights.panel / heights.inner, top],
      fixedrange: true, range: panel.range, nticks: 5 });
    notes.push(panelTitle(panel, top));
    if (number === 0) notes.push(...storyNotes(story, heights, top));
    panel.series.forEach((one) => traces.push(seriesTrace({ ...one, unit: panel.unit, panel: panel.title }, number)));
  });
  layout.shapes = storyShapes(story, states);
  layout.annotations = notes.concat(stateLabels(story, [story.start, story.end]));
  const box = document.getElementById(id);
  Plotly.newPlot(box, traces, layout, CONFIG).then(() => box.on("plotly_relayout", (change) => {
    if (!Object.keys(change).some((key) => key.startsWith("xaxis."))) return;
    Plotly.relayout(box, { annotations: notes.concat(stateLabels(story, box.layout.xaxis.range)) });
  }));
  zoomButtons(id, story);
}

function zoomButtons(id, story) {
  const bar = document.getElementById(`${id}-zoom`);
  bar.replaceChildren();
  story.views.forEach((view, number) => {
    const button = document.createElement("button");
    button.textContent = view.name;
    button.className = number ? "" : "on";
    button.onclick = () => {
      bar.querySelectorAll("button").forEach((one) => { one.className = one === button ? "on" : ""; });
      Plotly.relayout(id, { "xaxis.range": [view.start, view.end] });
    };
    bar.append(button);
  });
}

// The face with its punctures.
function drawFace() {
  const traces = data.face.map((line) => ({ x: line[0], y: line[1], mode: "lines", hoverinfo: "skip",
    line: { color: "#9aa5b1", width: 1.3, shape: "linear" } }));
  data.zones.forEach((zone, number) => traces.push({ type: "heatmap", x0: zone.x0, dx: zone.cell,
    y0: zone.y0, dy: zone.cell, z: zone.depth, customdata: zone.count, coloraxis: "coloraxis",
    hoverongaps: false, name: zone.title,
    hovertemplate: `<b>${zone.title}</b><br>%{z:.3f} mm deep<br>%{customdata} punctures in this cell<extra></extra>` }));
  const labels = data.zones.map((zone) => ({ text: `<b>${zone.title}</b>  ${zone.label}`, x: zone.left,
    y: zone.bottom, xanchor: "left", yanchor: "top", yshift: -2, showarrow: false,
    bgcolor: "rgba(255,255,255,.8)", font: { size: narrow() ? 11 : 13 } }));
  Plotly.newPlot("face", traces, base({ height: narrow() ? 470 : 700,
    margin: { l: 4, r: 4, t: 10, b: 8 }, dragmode: narrow() ? false : "zoom",
    xaxis: { visible: false, range: [-90, 90], scaleanchor: "y", constrain: "domain" },
    yaxis: { visible: false, range: [126, -116], constrain: "domain" },
    coloraxis: { colorscale: data.depthScale, cmin: data.depthRange[0], cmax: data.depthRange[1],
      colorbar: { orientation: "h", y: -0.01, yanchor: "top", len: 0.6, thickness: 11, outlinewidth: 0,
        title: { text: "depth reached in the skin, mm", side: "bottom", font: { size: 12, color: MUTED } },
        tickfont: { color: MUTED, size: 11 } } },
    annotations: labels }), CONFIG);
}

function drawDepths() {
  const traces = data.histograms.map((one) => ({ x: one.x, y: one.y, name: one.name, mode: "lines",
    line: { color: one.colour, width: 1.6, shape: "hvh" }, fill: "tozeroy",
    hovertemplate: `${one.name}: %{y:.1f} % of strokes at %{x:.2f} mm<extra></extra>` }));
  Plotly.newPlot("depths", traces, base({ height: 280, margin: { l: 46, r: 10, t: 60, b: 44 },
    showlegend: true, legend: { orientation: "h", x: 0, xanchor: "left", y: 1.01, yanchor: "bottom" },
    title: { text: "<b>Depth of the strokes</b>", x: 0, xref: "paper", y: 0.97, yanchor: "top", font: { size: 14 } },
    dragmode: false,
    xaxis: axis({ title: { text: "mm in the skin", font: { size: 12, color: MUTED } } }),
    yaxis: axis({ title: { text: "% of strokes", font: { size: 12, color: MUTED } }, rangemode: "tozero" }),
    shapes: [{ type: "line", x0: data.depthSet, x1: data.depthSet, yref: "paper", y0: 0, y1: 1,
      line: { color: data.colours.set, dash: "4px,3px", width: 1.5 } }],
    annotations: [{ text: "set", x: data.depthSet, yref: "paper", y: 1, xanchor: "right", yanchor: "top",
      showarrow: false, font: { color: MUTED, size: 12 } }] }), CONFIG);
}

// Small pieces of skin, needle by needle, to scale.
function drawCloseUps() {
  const side = data.closeUpSide, count = data.closeUps.length;
  const box = document.getElementById("closeups").clientWidth;
  const part = Math.min((box - 30) / count * 0.88, 280), px = part / side;
  const layout = base({ height: part + 72, margin: { l: 26, r: 4, t: 44, b: 28 }, dragmode: false,
    coloraxis: { colorscale: data.depthScale, cmin: data.depthRange[0], cmax: data.depthRange[1],
      showscale: false }, annotations: [] });
  const traces = data.closeUps.map((one, number) => {
    const n = number ? number + 1 : "", left = number / count, right = (number + 0.88) / count;
    layout[`xaxis${n}`] = axis({ domain: [left, right], range: [0, side], showgrid: false, dtick: 2,
      constrain: "domain", linecolor: GRID, mirror: true, showline: true });
    layout[`yaxis${n}`] = axis({ range: [side, 0], showgrid: false, dtick: 2, anchor: `x${n}`,
      scaleanchor: `x${n}`, linecolor: GRID, mirror: true, showline: true });
    layout.annotations.push({ text: `<b>${one.title}</b>, ${side} mm wide`, xref: "paper", x: left,
      xanchor: "left", yref: "paper", y: 1, yanchor: "bottom", yshift: 6, showarrow: false,
      font: { size: narrow() ? 11 : 13 } });
    return { x: one.x, y: one.y, mode: "markers", xaxis: `x${n}`, yaxis: `y${n}`,
      marker: { color: one.depth, coloraxis: "coloraxis", size: data.needle * px },
      hovertemplate: "%{marker.color:.3f} mm deep<extra></extra>" };
  });
  Plotly.newPlot("closeups", traces, layout, CONFIG);
}

function drawAll() {
  Object.keys(data.stories).forEach(drawStory);
  drawFace();
  drawDepths();
  drawCloseUps();
}

let wasNarrow = narrow();
window.addEventListener("resize", () => {
  if (narrow() !== wasNarrow) { wasNarrow = narrow(); drawAll(); }
});
drawAll();
