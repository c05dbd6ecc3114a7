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
  if (column.unit === "bits") return `0x${values(column)[row].toString(16)}`;
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
  const inks = lineInks(columns);
  let x = GUTTER, line = 0;
  return columns.map((column, n) => {
    const room = pen.measureText(`${column.name}  −00000.000 ${column.unit}`).width + 34;
    if (x > GUTTER && x + room > width) { x = GUTTER; line += 1; }
    const place = { column, x, line, ...inks[n] };
    x += room;
    return place;
  });
}

// What was asked for is grey and dashed; what the pen has begins with its own colour.
function lineInks(columns) {
  const free = ink.lines.map((_, n) => n);
  return columns.map(({ name }) => {
    if (name.endsWith("_target")) return { colour: page.lines.asked, dash: [5, 3] };
    const wanted = name.startsWith("pen.") ? 1 : 0;
    const n = free.includes(wanted) ? wanted : free[0] ?? 0;
    if (free.includes(n)) free.splice(free.indexOf(n), 1);
    return { colour: ink.lines[n], dash: [] };
  });
}

// Events, bands, lanes, the axis of time, from above; lanes share what is left of the window.
function layout() {
  const all = lanes(), hasEvents = page.log.length + page.marks.length > 0;
  const bandsTop = hasEvents ? EVENT_ROWS * LINE + 4 : 2;
  const headOf = (lane) => (lane.legend.at(-1).line + 1) * LINE + 4;
  const heads = all.reduce((sum, lane) => sum + headOf(lane) + GAP, 0);
  let y = bandsTop + page.bands.length * BAND + GAP;
  const room = innerHeight - (canvas.getBoundingClientRect().top + scrollY) - 56 - y - heads - AXIS;
  const height = Math.max(LEAST_LANE, Math.min(MOST_LANE, room / Math.max(all.length, 1)));
  for (const lane of all) {
    lane.start = y;
    lane.top = y + headOf(lane);
    lane.bottom = lane.top + height;
    y = lane.bottom + GAP;
  }
  return { lanes: all, bandsTop, bottom: y, height: y + AXIS };
}
