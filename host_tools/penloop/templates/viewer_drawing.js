// The picture: bands, lanes, events and the cursor, on one canvas.

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
  plan.lanes.forEach(drawLegend);
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

function stroke(x1, y1, x2, y2, colour, dash = [], wide = 1) {
  pen.strokeStyle = colour;
  pen.lineWidth = wide;
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
  const { made, digits } = ticks(view.from / 1e6, view.to / 1e6, Math.max(3, room / 100));
  for (const at of made) {
    const x = Math.round(pixel(at * 1e6)) + 0.5;
    stroke(x, plan.bandsTop, x, plan.bottom, ink.grid);
    text(at.toFixed(digits), Math.min(x, width - 22), plan.bottom + 10, ink.muted, "center");
  }
  text("s", 4, plan.bottom + 10, ink.muted);
}

function drawBand(band, y, plan) {
  text(band.name, GUTTER - 8, y + BAND / 2, ink.muted, "right");
  const seen = band.spans.filter(([from, to]) => to >= view.from && from <= view.to);
  const boxes = seen.map(([from, to, ...rest]) => [pixel(from), Math.max(pixel(to), pixel(from) + 2), ...rest]);
  inPlot(plan, () => {
    boxes.forEach((box, n) => drawBox(box, y, band.name === "fault", boxes[n - 1], boxes[n + 1]));
  });
}

// The name stands inside; a short fault's beside it, where that runs into no neighbour.
function drawBox([from, to, name, colour, nameInk], y, isFault, before, after) {
  const x1 = Math.max(from, GUTTER), x2 = Math.min(to, width - RIGHT), middle = y + BAND / 2;
  const size = pen.measureText(name).width + 10;
  pen.fillStyle = colour;
  pen.fillRect(x1, y + 1, x2 - x1, BAND - 3);
  if (size < x2 - x1) text(name, x1 + 5, middle, nameInk);
  else if (!isFault) return;
  else if (x2 + size < (after ? after[0] : width - RIGHT)) text(name, x2 + 5, middle, ink.alarm);
  else if (x1 - size > (before ? before[1] : GUTTER)) text(name, x1 - 5, middle, ink.alarm, "right");
}

// Rows that are to be seen, with one more at each end so that lines leave the picture.
function visible() {
  return [Math.max(rowAt(view.from), 0), Math.min(rowAt(view.to) + 1, page.rows - 1)];
}

// Least and greatest shown value, with air around; noise of a steady signal is not blown up.
function limits(lane, first, last) {
  if (last < first) return [0, 1];
  const ends = lane.columns.map((column) => extremes(values(column), first, last).map((value) => value * column.scale));
  const low = Math.min(...ends.map((pair) => pair[0])), high = Math.max(...ends.map((pair) => pair[1]));
  const air = Math.max((high - low) * 0.06, Math.abs(low) * 0.01, Math.abs(high) * 0.01, lane.columns[0].scale);
  return [low - air, high + air];
}

function extremes(numbers, first, last) {
  let low = numbers[first], high = low;
  for (let row = first; row <= last; row++) {
    const value = numbers[row];
    if (value < low) low = value; else if (value > high) high = value;
  }
  return [low, high];
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
  inPlot(plan, () => [...lane.legend].reverse().forEach(({ column, colour, dash }) => {
    pen.strokeStyle = pen.fillStyle = colour;
    pen.setLineDash(dash);
    pen.lineWidth = 1.4;
    pen.lineJoin = "round";
    drawSignal(column, first, last, toY);
    pen.setLineDash([]);
  }));
}

// On a ground of its own: lines of events pass behind it.
function drawLegend(lane) {
  for (const { column, x, line, colour, dash } of lane.legend) {
    const y = lane.start + line * LINE + LINE / 2, size = pen.measureText(column.name).width;
    const words = cursor === null ? column.unit : shownValue(column, rowAt(cursor));
    pen.fillStyle = ink.paper;
    pen.fillRect(x - 2, y - 8, size + pen.measureText(words).width + 34, 16);
    stroke(x, y, x + 14, y, colour, dash, 3);
    text(column.name, x + 20, y, ink.ink);
    text(words, x + 28 + size, y, cursor === null ? ink.muted : colour);
  }
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
  const start = pixel(0), perTime = (pixel(view.to) - pixel(view.from)) / (view.to - view.from);
  let at = Math.floor(start + time[first] * perTime), low = numbers[first], high = low;
  for (let row = first + 1; row <= last; row++) {
    const x = Math.floor(start + time[row] * perTime), value = numbers[row];
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
