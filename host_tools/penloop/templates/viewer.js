"use strict";
// Draws a trace from the data of the page. Times are microseconds, lengths on the canvas CSS pixels.
const page = JSON.parse(document.getElementById("page").textContent);
const byName = new Map(page.columns.slice(1).map((one) => [one.name, one]));
const shown = new Set(page.shown);
const element = (id) => document.getElementById(id);
const canvas = element("canvas"), pen = canvas.getContext("2d");
const dark = matchMedia("(prefers-color-scheme: dark)"), narrow = matchMedia("(max-width: 760px)");
const GUTTER = 56, RIGHT = 10, LINE = 17, EVENT_ROWS = 3, BAND = 22, AXIS = 26, GAP = 8;
const LEAST_SPAN = 20, LEAST_LANE = 74, MOST_LANE = 240, NEAR = 6;
const FONT = `12px ${getComputedStyle(document.body).fontFamily}`;
let block, time = new Float64Array(), width = 0, ink = {}, cursor = null;
const whole = { from: 0, to: 1000 }, view = { from: 0, to: 1000 };

// Data

async function unpack() {
  const text = element("columns").textContent;
  const bytes = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  block = await new Response(stream).arrayBuffer();
}

function integers(code, place, count) {
  if (code === "i4") return new Int32Array(block.slice(place, place + 4 * count));
  return Float64Array.from(new BigInt64Array(block.slice(place, place + 8 * count)), Number);
}

// One value a row, unpacked when first needed.
function values(column) {
  if (!column.values) {
    const { code, place, changes } = column;
    column.values = changes ? spread(code, place, changes) : integers(code, place, page.rows);
  }
  return column.values;
}

function spread(code, place, changes) {
  const rows = integers("i4", place, changes), changed = integers(code, place + 4 * changes, changes);
  const all = code === "i4" ? new Int32Array(page.rows) : new Float64Array(page.rows);
  rows.forEach((row, n) => all.fill(changed[n], row, rows[n + 1] ?? page.rows));
  return all;
}

// The last row that is not after a time; -1 before the first.
function rowAt(moment) {
  let low = 0, high = page.rows;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (time[middle] <= moment) low = middle + 1; else high = middle;
  }
  return low - 1;
}

function shownValue(column, row) {
  if (row < 0) return "–";
  return `${(values(column)[row] * column.scale).toFixed(column.digits)} ${column.unit}`.trim();
}

// Lanes: signals of one unit share one; counts, bits and states have one each.

function lanes() {
  const made = new Map();
  for (const column of page.columns.slice(1)) {
    if (!shown.has(column.name)) continue;
    const key = column.steps ? column.name : column.unit;
    if (!made.has(key)) made.set(key, []);
    made.get(key).push(column);
  }
  return [...made.values()].map((columns) => ({ columns, legend: legend(columns) }));
}

// Where each signal's name and value stand above its lane, in as many lines as that takes.
function legend(columns) {
  let x = GUTTER, line = 0;
  return columns.map((column, n) => {
    const room = pen.measureText(`${column.name}  −00000.000 ${column.unit}`).width + 34;
    if (x > GUTTER && x + room > width) { x = GUTTER; line += 1; }
    const place = { column, x, line, colour: ink.lines[n % ink.lines.length] };
    x += room;
    return place;
  });
}

function layout() {
  const all = lanes(), hasEvents = page.log.length + page.marks.length > 0;
  const bandsTop = hasEvents ? EVENT_ROWS * LINE + 4 : 2;
  let y = bandsTop + page.bands.length * BAND + GAP;
  for (const lane of all) lane.head = (lane.legend.at(-1).line + 1) * LINE + 4;
  const heads = all.reduce((sum, lane) => sum + lane.head + GAP, 0);
  const room = innerHeight - canvas.getBoundingClientRect().top - scrollY - 56 - y - heads - AXIS;
  const height = Math.max(LEAST_LANE, Math.min(MOST_LANE, room / Math.max(all.length, 1)));
  for (const lane of all) {
    lane.head += y;
    lane.top = lane.head;
    lane.bottom = y = lane.top + height;
    y += GAP;
  }
  all.forEach((lane, n) => { lane.start = n ? all[n - 1].bottom + GAP : bandsTop + page.bands.length * BAND + GAP; });
  return { lanes: all, bandsTop, bottom: y, height: y + AXIS };
}

// Drawing

const pixel = (moment) => GUTTER + ((moment - view.from) / (view.to - view.from)) * (width - GUTTER - RIGHT);
const moment = (x) => view.from + ((x - GUTTER) / (width - GUTTER - RIGHT)) * (view.to - view.from);

function readColours() {
  const style = getComputedStyle(document.documentElement);
  for (const name of ["ink", "muted", "grid", "paper", "edge", "alarm", "good"]) ink[name] = style.getPropertyValue("--" + name);
  ink.lines = dark.matches ? page.lines.dark : page.lines.light;
}

let due = 0;
function redraw() { due ||= requestAnimationFrame(draw); }

function draw() {
  due = 0;
  width = canvas.clientWidth;
  pen.font = FONT;
  readColours();
  const plan = layout(), ratio = devicePixelRatio || 1;
  canvas.style.height = plan.height + "px";
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(plan.height * ratio);
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.font = FONT;
  pen.textBaseline = "middle";
  drawTimes(plan);
  inPlot(plan, () => page.marks.forEach((mark) => drawSpan(mark, plan)));
  page.bands.forEach((band, n) => drawBand(band, plan.bandsTop + n * BAND, plan));
  plan.lanes.forEach((lane) => drawLane(lane, plan));
  inPlot(plan, () => { drawEvents(plan); drawCursor(plan); });
  tellCursor();
}

function inPlot(plan, work) {
  pen.save();
  pen.beginPath();
  pen.rect(GUTTER, 0, width - GUTTER - RIGHT, plan.height);
  pen.clip();
  work();
  pen.restore();
}

function text(words, x, y, colour, align = "left") {
  pen.fillStyle = colour;
  pen.textAlign = align;
  pen.fillText(words, x, y);
}

function stroke(x1, y1, x2, y2, colour, dash = []) {
  pen.strokeStyle = colour;
  pen.lineWidth = 1;
  pen.setLineDash(dash);
  pen.beginPath();
  pen.moveTo(x1, y1);
  pen.lineTo(x2, y2);
  pen.stroke();
  pen.setLineDash([]);
}

// Steps of 1, 2 or 5 times a power of ten, about `count` of them, and the digits they need.
function ticks(low, high, count) {
  const raw = (high - low) / count, power = 10 ** Math.floor(Math.log10(raw));
  const step = power * [1, 2, 5, 10].find((n) => n * power >= raw * 0.999);
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9)), made = [];
  for (let n = Math.ceil(low / step - 1e-9); n * step <= high + step * 1e-9; n++) made.push(n * step);
  return { made, digits };
}

function drawTimes(plan) {
  const room = width - GUTTER - RIGHT;
  const { made, digits } = ticks(view.from / 1e6, view.to / 1e6, Math.max(2, room / 110));
  for (const at of made) {
    const x = Math.round(pixel(at * 1e6)) + 0.5;
    stroke(x, plan.bandsTop, x, plan.bottom, ink.grid);
    text(at.toFixed(digits), Math.min(x, width - 22), plan.bottom + 10, ink.muted, "center");
  }
  text("s", GUTTER - 8, plan.bottom + 10, ink.muted, "right");
}

function drawBand(band, y, plan) {
  text(band.name, GUTTER - 8, y + BAND / 2, ink.muted, "right");
  inPlot(plan, () => band.spans.forEach(([from, to, name, colour, nameInk]) => {
    const x1 = Math.max(pixel(from), GUTTER), x2 = Math.min(Math.max(pixel(to), pixel(from) + 2), width - RIGHT);
    if (x2 <= x1) return;
    pen.fillStyle = colour;
    pen.fillRect(x1, y + 1, x2 - x1, BAND - 3);
    const size = pen.measureText(name).width;
    if (size + 10 < x2 - x1) text(name, x1 + 5, y + BAND / 2, nameInk);
    else if (band.name === "fault") nameBeside(name, x1, x2, size, y + BAND / 2);
  }));
}

function nameBeside(name, x1, x2, size, y) {
  if (x2 + size + 6 < width - RIGHT) text(name, x2 + 5, y, ink.alarm);
  else text(name, x1 - 5, y, ink.alarm, "right");
}

// Rows that are to be seen, with one more at each end so that lines leave the picture.
function visible() {
  return [Math.max(rowAt(view.from), 0), Math.min(rowAt(view.to) + 1, page.rows - 1)];
}

// Least and greatest shown value, with air around; noise of a steady signal is not blown up.
function limits(lane, first, last) {
  let low = Infinity, high = -Infinity, all = 0;
  for (const column of lane.columns) {
    const numbers = values(column), scale = column.scale;
    for (let row = first; row <= last; row++) {
      const value = numbers[row] * scale;
      if (value < low) low = value;
      if (value > high) high = value;
    }
    all = Math.max(all, Math.abs(low), Math.abs(high));
  }
  if (low > high) return [0, 1];
  const air = Math.max((high - low) * 0.06, all * 0.01, lane.columns[0].scale);
  return [low - air, high + air];
}

function drawLane(lane, plan) {
  const [first, last] = visible(), [low, high] = limits(lane, first, last);
  const toY = (value) => lane.bottom - ((value - low) / (high - low)) * (lane.bottom - lane.top);
  const { made, digits } = ticks(low, high, Math.max(2, (lane.bottom - lane.top) / 34));
  for (const value of made) {
    const y = Math.round(toY(value)) + 0.5;
    stroke(GUTTER, y, width - RIGHT, y, ink.grid);
    text(value.toFixed(digits), GUTTER - 6, y, ink.muted, "right");
  }
  for (const { column, x, line, colour } of lane.legend) {
    const y = lane.start + line * LINE + LINE / 2;
    pen.fillStyle = colour;
    pen.fillRect(x, y - 1.5, 14, 3);
    text(column.name, x + 20, y, ink.ink);
    const value = cursor === null ? column.unit : shownValue(column, rowAt(cursor));
    text(value, x + 28 + pen.measureText(column.name).width, y, cursor === null ? ink.muted : colour);
  }
  inPlot(plan, () => [...lane.legend].reverse().forEach(({ column, colour }) => {
    pen.strokeStyle = pen.fillStyle = colour;
    pen.lineWidth = 1.4;
    pen.lineJoin = "round";
    drawSignal(column, first, last, toY);
  }));
}

function drawSignal(column, first, last, toY) {
  const numbers = values(column), { scale, steps } = column, crowded = last - first > 2 * width;
  pen.beginPath();
  if (crowded) tracePixels(numbers, scale, first, last, toY);
  else for (let row = first; row <= last; row++) {
    const x = pixel(time[row]), y = toY(numbers[row] * scale);
    if (steps && row > first) pen.lineTo(x, toY(numbers[row - 1] * scale));
    pen.lineTo(x, y);
  }
  pen.stroke();
  if (last - first > width / 9) return;
  for (let row = first; row <= last; row++) {
    pen.fillRect(pixel(time[row]) - 2, toY(numbers[row] * scale) - 2, 4, 4);
  }
}

// Least and greatest value of each pixel: as many points as pixels, however many rows.
function tracePixels(numbers, scale, first, last, toY) {
  let at = Math.floor(pixel(time[first])), low = numbers[first], high = low;
  for (let row = first + 1; row <= last; row++) {
    const x = Math.floor(pixel(time[row])), value = numbers[row];
    if (x !== at) {
      pen.lineTo(at + 0.5, toY(low * scale));
      pen.lineTo(at + 0.5, toY(high * scale));
      at = x;
      low = high = value;
    } else if (value < low) low = value; else if (value > high) high = value;
  }
  pen.lineTo(at + 0.5, toY(low * scale));
  pen.lineTo(at + 0.5, toY(high * scale));
}

function drawSpan([from, to, , holds], plan) {
  pen.globalAlpha = 0.1;
  pen.fillStyle = holds ? ink.good : ink.alarm;
  pen.fillRect(pixel(from), plan.bandsTop, pixel(to) - pixel(from), plan.bottom - plan.bandsTop);
  pen.globalAlpha = 1;
}

// Marks before the operator's log: where room for texts is short, theirs stand.
function events() {
  const marks = page.marks.map(([from, to, words, holds]) =>
    ({ from, to, words: `${holds ? "✓" : "✗"} ${words}`, colour: holds ? ink.good : ink.alarm, dash: [] }));
  marks.sort((one, other) => (one.colour === ink.alarm ? 0 : 1) - (other.colour === ink.alarm ? 0 : 1));
  return [...marks, ...page.log.map(([at, words]) => ({ from: at, to: at, words, colour: ink.muted, dash: [4, 3] }))];
}

function drawEvents(plan) {
  const taken = Array.from({ length: EVENT_ROWS }, () => []);
  for (const { from, to, words, colour, dash } of events()) {
    const x = pixel(from), size = pen.measureText(words).width;
    if (to < view.from || from > view.to) continue;
    stroke(Math.round(x) + 0.5, plan.bandsTop - 3, Math.round(x) + 0.5, plan.bottom, colour, dash);
    const left = Math.max(GUTTER + 1, Math.min(x - 2, width - RIGHT - size - 2)), right = left + size + 12;
    const row = taken.findIndex((spans) => spans.every(([a, b]) => right <= a || left >= b));
    if (row < 0) continue;
    taken[row].push([left, right]);
    text(words, left, row * LINE + LINE / 2, colour);
  }
}

function drawCursor(plan) {
  if (cursor === null) return;
  const x = Math.round(pixel(cursor)) + 0.5;
  stroke(x, plan.bandsTop, x, plan.bottom, ink.ink);
}

// Time, state, latched faults and what happens near the cursor, in words.
function tellCursor() {
  const readout = element("readout");
  if (cursor === null) { readout.textContent = page.rows ? "" : "Nothing was recorded."; return; }
  const near = ((view.to - view.from) / width) * NEAR;
  const bands = page.bands.flatMap((band) => band.spans.filter(([a, b]) => a <= cursor && cursor < Math.max(b, a + 1)));
  const close = events().filter((one) => Math.abs(one.from - cursor) <= near);
  const words = [...bands.map((span) => span[2]), ...close.map((one) => one.words)];
  readout.innerHTML = "<b></b> <span></span>";
  readout.firstChild.textContent = `${(cursor / 1e6).toFixed(6)} s`;
  readout.lastChild.textContent = words.join(" · ");
}

// Moving about

function look(from, to) {
  const most = whole.to - whole.from, span = Math.min(Math.max(to - from, LEAST_SPAN), most);
  const middle = (from + to) / 2;
  view.from = Math.min(Math.max(middle - span / 2, whole.from), whole.to - span);
  view.to = view.from + span;
  redraw();
}

function zoom(factor, at = cursor !== null && cursor > view.from && cursor < view.to ? cursor : (view.from + view.to) / 2) {
  const least = Math.max(factor, LEAST_SPAN / (view.to - view.from));
  look(at - (at - view.from) * least, at + (view.to - at) * least);
}

const pan = (share) => look(...[view.from, view.to].map((at) => at + share * (view.to - view.from)));
const fit = () => look(whole.from, whole.to);

function setCursor(at) {
  cursor = Math.min(Math.max(at, whole.from), whole.to);
  redraw();
}

function stepCursor(rows) {
  if (!page.rows) return;
  const row = Math.max(0, rowAt(cursor ?? view.from) + rows);
  setCursor(time[Math.min(row, page.rows - 1)]);
  if (cursor < view.from || cursor > view.to) pan((cursor < view.from ? -1 : 1) / 2);
}

const KEYS = {
  ArrowLeft: () => pan(-0.15), ArrowRight: () => pan(0.15), "+": () => zoom(0.7), "=": () => zoom(0.7),
  "-": () => zoom(1 / 0.7), 0: fit, Home: fit, "/": () => { element("signals").open = true; element("search").focus(); },
};

function onKey(event) {
  if (event.target.tagName === "INPUT" || event.ctrlKey || event.metaKey || event.altKey) return;
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const act = event.shiftKey && step ? () => stepCursor(step) : KEYS[event.key];
  if (!act) return;
  event.preventDefault();
  act();
}

function onWheel(event) {
  event.preventDefault();
  const pixels = event.deltaMode ? 30 : 1;
  if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) pan((event.deltaX * pixels) / width);
  else zoom(Math.exp(event.deltaY * pixels * 0.0016), moment(event.offsetX));
}

// Fingers or the mouse that are down: pointer -> x. One pans, two zoom.
const down = new Map();

function onMove(event) {
  const before = down.get(event.pointerId);
  if (before === undefined) { setCursor(moment(event.offsetX)); return; }
  if (down.size === 1) pan((before - event.offsetX) / (width - GUTTER - RIGHT));
  else pinch(event.pointerId, before, event.offsetX);
  down.set(event.pointerId, event.offsetX);
}

function pinch(pointer, before, after) {
  const other = [...down].find(([id]) => id !== pointer)[1];
  const was = Math.max(Math.abs(before - other), 8), is = Math.max(Math.abs(after - other), 8);
  zoom(was / is, moment(other));
}

function onDown(event) {
  canvas.setPointerCapture(event.pointerId);
  down.set(event.pointerId, event.offsetX);
  setCursor(moment(event.offsetX));
}

// The list of signals

function listSignals() {
  const words = element("search").value.toLowerCase().split(/\s+/);
  const found = [...byName.values()].filter((one) => words.every((word) => one.name.toLowerCase().includes(word)));
  const none = Object.assign(document.createElement("li"), { className: "none", textContent: "No such signal." });
  element("list").replaceChildren(...(found.length ? found.map(signalItem) : [none]));
}

function signalItem(column) {
  const item = document.createElement("li"), label = document.createElement("label");
  const box = Object.assign(document.createElement("input"), { type: "checkbox", checked: shown.has(column.name) });
  const name = Object.assign(document.createElement("span"), { textContent: column.name });
  const unit = Object.assign(document.createElement("small"), { textContent: column.unit });
  box.addEventListener("change", () => toggle(column.name, box.checked));
  label.append(box, name, unit);
  item.append(label);
  return item;
}

function toggle(name, on) {
  if (on) shown.add(name); else shown.delete(name);
  redraw();
}

// Enter shows, or hides, the first signal that was found.
function onSearchKey(event) {
  if (event.key === "Escape") event.target.blur();
  else if (event.key === "Enter") element("list").querySelector("input")?.click();
}

function markButton([from, to, words, holds]) {
  const button = document.createElement("button"), air = Math.max((to - from) * 0.3, 50_000);
  button.textContent = `${holds ? "✓" : "✗"} ${words}`;
  button.className = holds ? "holds" : "fails";
  button.addEventListener("click", () => { setCursor(from); look(from - air, to + air); });
  return button;
}

function listen() {
  canvas.addEventListener("wheel", onWheel, { passive: false });
  canvas.addEventListener("pointerdown", onDown);
  canvas.addEventListener("pointermove", onMove);
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, (event) => down.delete(event.pointerId));
  canvas.addEventListener("dblclick", fit);
  element("closer").addEventListener("click", () => zoom(0.6));
  element("wider").addEventListener("click", () => zoom(1 / 0.6));
  element("fit").addEventListener("click", fit);
  element("search").addEventListener("input", listSignals);
  element("search").addEventListener("keydown", onSearchKey);
  addEventListener("keydown", onKey);
  addEventListener("resize", redraw);
  dark.addEventListener("change", redraw);
}

async function start() {
  element("marks").append(...page.marks.map(markButton));
  element("signals").open = !narrow.matches;
  listSignals();
  await unpack();
  time = values(page.columns[0]);
  if (page.rows) Object.assign(whole, { from: time[0], to: Math.max(time.at(-1), time[0] + 1000) });
  listen();
  Object.assign(view, whole);
  draw();
}

const ready = start().catch((error) => {
  element("notice").textContent = `This browser cannot show the trace: ${error.message}`;
  element("notice").hidden = false;
});
