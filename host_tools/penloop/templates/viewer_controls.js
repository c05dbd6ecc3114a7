// Moving about: wheel, fingers, keys, and the list of signals.

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
  if (page.rows) Object.assign(whole, { from: time[0], to: Math.max(time.at(-1), time[0] + LEAST_SPAN) });
  if (page.rows === 1) Object.assign(whole, { from: time[0] - 500, to: time[0] + 500 });
  listen();
  Object.assign(view, whole);
  draw();
}

const ready = start().catch((error) => {
  element("notice").textContent = `This browser cannot show the trace: ${error.message}`;
  element("notice").hidden = false;
});
