// Live lanes, one a unit, on one axis of device time; states and faults are bands above them.

import { fitted } from "./needle.js";
import { Ring } from "./ring.js";
import { LEAST_SPAN, niceStep, roundScale, usualExtremes } from "./scale.js";

const KEPT_MS = 70_000;
const LAG_MS = 60; // the right edge is so far behind the pen, so that samples come before their time
const BACK_MS = 500; // less comes of ticks that were late and then came together
const LEFT = 62; // px, for the scale
const BAND = 18;
const AXIS = 20;
const HIDDEN = ["strokes", "edge_age"]; // at first
const BANDS = ["state", "faults"];

export class Plot {
  constructor(canvas, legend) {
    this.canvas = canvas;
    this.pen = canvas.getContext("2d");
    this.legend = legend;
    this.span_ms = 10_000;
    this.hidden = new Set(HIDDEN);
    this.behind_ms = 0;
    this.scales = new Map();
    this.paused = false;
    this.following = true;
    this.right_ms = 0;
    canvas.addEventListener("pointermove", (event) => { this.cursor = event.offsetX; });
    canvas.addEventListener("pointerleave", () => { this.cursor = undefined; });
    this.setLayout({ signals: [], states: [], faults: {}, period_us: 10_000 });
  }

  setLayout(layout) {
    this.layout = layout;
    this.ring = new Ring(layout.signals.length, Math.ceil((KEPT_MS * 1000) / layout.period_us));
    this.offset_ms = undefined;
    this.gap_ms = (3 * layout.period_us) / 1000 + 1;
    this.fillLegend();
  }

  add(columns) {
    const times = columns[0].map((time_us) => time_us / 1000);
    const before_ms = this.ring.count ? this.ring.time(this.ring.count - 1) : -Infinity;
    if (times[0] < before_ms - BACK_MS) this.setLayout(this.layout); // another pen's time
    const scaled = this.layout.signals.map((signal, n) => columns[n + 1].map((one) => one * signal.scale));
    this.ring.add(times, scaled);
    const offset = times.at(-1) - performance.now();
    const before = this.offset_ms;
    this.offset_ms = before === undefined || Math.abs(offset - before) > 500 ? offset : Math.max(offset, before - 0.05);
  }

  // Whether time goes on at the right edge; without a link it stands.
  follow(yes) {
    this.following = yes;
  }

  pause(yes) {
    this.paused = yes;
  }

  setSpan(seconds) {
    this.span_ms = seconds * 1000;
  }

  fillLegend() {
    const shown = this.layout.signals.filter((signal) => !BANDS.includes(signal.name));
    this.legend.replaceChildren(...shown.map((signal) => this.legendEntry(signal)));
  }

  legendEntry(signal) {
    const button = document.createElement("button");
    const swatch = document.createElement("i");
    button.append(swatch, signal.name);
    button.title = signal.help;
    const paint = () => {
      const on = !this.hidden.has(signal.name);
      button.setAttribute("aria-pressed", String(on));
      swatch.style.background = on ? `var(--line-${this.lineOf(signal)})` : "transparent";
    };
    button.addEventListener("click", () => {
      if (!this.hidden.delete(signal.name)) this.hidden.add(signal.name);
      this.fillLegend();
    });
    paint();
    return button;
  }

  lineOf(signal) {
    const lines = this.layout.signals.filter((one) => !BANDS.includes(one.name));
    return lines.findIndex((one) => one.name === signal.name) % 6;
  }

  colourOf(signal) {
    return colour(`--line-${this.lineOf(signal)}`);
  }

  lanes() {
    const lanes = [];
    this.layout.signals.forEach((signal, column) => {
      if (BANDS.includes(signal.name) || this.hidden.has(signal.name)) return;
      let lane = lanes.find((one) => one.unit === signal.unit && signal.unit !== "bits");
      if (!lane) lanes.push((lane = { unit: signal.unit, signals: [] }));
      lane.signals.push({ ...signal, column });
    });
    return lanes;
  }

  draw(now) {
    const { ring, pen } = this;
    const { width, height } = fitted(this.canvas, pen);
    pen.clearRect(0, 0, width, height);
    if (!ring.count || width < 100) return;
    const newest = ring.time(ring.count - 1);
    if (this.following) this.behind_ms = Math.max(0, now + this.offset_ms - newest);
    if (!this.paused && this.following) this.right_ms = now + this.offset_ms - LAG_MS;
    const view = { from: this.right_ms - this.span_ms, to: this.right_ms, left: LEFT, right: width - 8 };
    view.x = (time) => view.left + ((time - view.from) / (view.to - view.from)) * (view.right - view.left);
    view.first = Math.max(ring.first, ring.since(view.from) - 1);
    view.last = ring.since(view.to);
    const top = this.drawBands(view);
    const lanes = this.lanes();
    const laneHeight = (height - top - AXIS) / Math.max(1, lanes.length);
    lanes.forEach((lane, n) => this.drawLane(view, lane, top + n * laneHeight, laneHeight));
    this.drawTimes(view, height);
    if (this.cursor !== undefined) this.drawCursor(view, lanes, top, laneHeight, height);
  }

  drawBands(view) {
    let top = 2;
    for (const name of BANDS) {
      const column = this.layout.signals.findIndex((signal) => signal.name === name);
      if (column < 0) continue;
      this.drawBand(view, column, name, top);
      top += BAND + 2;
    }
    return top + 4;
  }

  drawBand(view, column, name, top) {
    const { pen, ring } = this;
    pen.font = "11px system-ui, sans-serif";
    pen.textAlign = "right";
    pen.fillStyle = colour("--muted");
    pen.fillText(name, LEFT - 6, top + 13);
    let from = view.first;
    for (let n = view.first + 1; n <= view.last; n += 1) {
      if (n < view.last && ring.value(column, n) === ring.value(column, from)) continue;
      const end = n < view.last ? ring.time(n) : Math.min(ring.time(Math.max(view.last - 1, 0)), view.to);
      const [left, right] = [Math.max(view.left, view.x(ring.time(from))), view.x(end)];
      const [text, fill] = this.bandOf(name, ring.value(column, from));
      if (fill && right > left) this.drawSpan(left, right, top, text, fill);
      from = n;
    }
  }

  bandOf(name, value) {
    if (name === "state") {
      const state = this.layout.states[value] || `state ${value}`;
      return [state.replace("_", " "), colour(`--state-${state}`) || colour("--muted")];
    }
    const names = Object.entries(this.layout.faults).filter(([n]) => (value >>> n) & 1);
    return [names.map(([, text]) => text).join(", "), names.length ? colour("--alarm") : ""];
  }

  drawSpan(left, right, top, text, fill) {
    const { pen } = this;
    pen.fillStyle = fill;
    pen.fillRect(left, top, right - left, BAND);
    if (right - left < pen.measureText(text).width + 8) return;
    pen.textAlign = "left";
    pen.fillStyle = isDark(fill) ? "#ffffff" : "#1d2733";
    pen.fillText(text, left + 4, top + 13);
  }

  drawLane(view, lane, top, height) {
    const { pen } = this;
    const { lowest, highest, beyond } = this.extremes(view, lane);
    const [low, high, step] = this.scaleOf(lane, [lowest, highest]);
    const clipped = (value) => Math.max(low, Math.min(high, value)); // what lies beyond is told
    const y = (value) => top + height - 6 - ((clipped(value) - low) / (high - low)) * (height - 14);
    pen.font = "11px system-ui, sans-serif";
    pen.lineWidth = 1;
    pen.textAlign = "right";
    for (let tick = low; tick <= high + step / 2; tick += step) {
      pen.fillStyle = colour("--grid");
      pen.fillRect(view.left, Math.round(y(tick)), view.right - view.left, 1);
      pen.fillStyle = colour("--muted");
      pen.fillText(shortNumber(tick, step), LEFT - 6, y(tick) + 4);
    }
    pen.textAlign = "left";
    pen.fillStyle = colour("--ink");
    const told = beyond === undefined ? "" : ` (${Number(beyond.toPrecision(4))} ${lane.unit} lies beyond the axis)`;
    pen.fillText(`${lane.signals.map((one) => one.name).join(", ")}  ${lane.unit}${told}`, view.left + 4, top + 10);
    for (const signal of lane.signals) this.drawLine(view, signal.column, y, this.colourOf(signal));
  }

  // Of many samples a pixel, only the lowest and the highest: what is drawn does not grow with time.
  drawLine(view, column, y, stroke) {
    const { pen, ring } = this;
    pen.strokeStyle = stroke;
    pen.lineWidth = 1.5;
    pen.beginPath();
    let [before, at, low, high] = [-Infinity, -1, 0, 0];
    for (let n = view.first; n < view.last; n += 1) {
      const [time, value] = [ring.time(n), ring.value(column, n)];
      const x = Math.max(view.left, view.x(time));
      const pixel = Math.floor(x);
      if (time - before > this.gap_ms) pen.moveTo(x, y(value));
      else if (pixel !== at) pen.lineTo(x, y(value));
      if (pixel !== at) [at, low, high] = [pixel, value, value];
      else if (value < low || value > high) {
        pen.lineTo(x, y(value));
        [low, high] = [Math.min(low, value), Math.max(high, value)];
      }
      before = time;
    }
    pen.stroke();
  }

  extremes(view, lane) {
    const values = new Float64Array(lane.signals.length * Math.max(0, view.last - view.first));
    let count = 0;
    for (const { column } of lane.signals) {
      for (let n = view.first; n < view.last; n += 1) values[count++] = this.ring.value(column, n);
    }
    return usualExtremes(values, lane.unit);
  }

  // Round bounds around the values; they widen at once, and narrow when much less would do.
  scaleOf(lane, [low, high]) {
    const wanted = roundScale(low, high, LEAST_SPAN[lane.unit] || 1);
    const key = lane.signals.map((one) => one.name).join();
    const known = this.scales.get(key);
    const inside = known && known[0] <= low && known[1] >= high;
    if (inside && known[1] - known[0] < 2.5 * (wanted[1] - wanted[0])) return known;
    this.scales.set(key, wanted);
    return wanted;
  }

  drawTimes(view, height) {
    const { pen } = this;
    const step = niceStep((view.to - view.from) / 1000 / 5);
    pen.textAlign = "center";
    pen.fillStyle = colour("--muted");
    for (let tick = Math.ceil(view.from / 1000 / step) * step; tick <= view.to / 1000; tick += step) {
      const x = view.x(tick * 1000);
      if (x > view.left + 12) pen.fillText(`${shortNumber(tick, step)} s`, Math.min(x, view.right - 16), height - 5);
    }
  }

  drawCursor(view, lanes, top, laneHeight, height) {
    const { pen, ring } = this;
    if (this.cursor < view.left || this.cursor > view.right) return;
    const time = view.from + ((this.cursor - view.left) / (view.right - view.left)) * (view.to - view.from);
    const n = Math.min(ring.since(time), ring.count - 1);
    pen.fillStyle = colour("--muted");
    pen.fillRect(this.cursor, top, 1, height - top - AXIS);
    pen.textAlign = this.cursor > view.right - 120 ? "right" : "left";
    lanes.forEach((lane, at) => lane.signals.forEach((signal, row) => {
      const text = `${signal.name} ${Number(ring.value(signal.column, n).toFixed(3))}`;
      pen.fillStyle = this.colourOf(signal);
      pen.fillText(text, this.cursor + (pen.textAlign === "right" ? -6 : 6), top + at * laneHeight + 24 + 13 * row);
    }));
  }
}

const shortNumber = (value, step) => value.toFixed(Math.max(0, Math.min(3, -Math.floor(Math.log10(step) + 1e-9))));

let colours = new Map();
setInterval(() => { colours = new Map(); }, 1000); // dark or light may have changed

function colour(name) {
  if (!colours.has(name)) colours.set(name, getComputedStyle(document.body).getPropertyValue(name).trim());
  return colours.get(name);
}

function isDark(hex) {
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
  return 0.3 * red + 0.6 * green + 0.1 * blue < 140;
}
