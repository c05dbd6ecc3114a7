// Four gauges: stroke rate, depth, motor current, battery. What is not watched shows a dash.

// name, caption, from, to, digits, from here on it is marked as low or high
const GAUGES = [
  ["rate", "stroke rate", 0, 160, 1, null, 155],
  ["depth", "depth", 0, 2.5, 2, null, 1.5],
  ["current", "current", 0, 2000, 0, null, 1600],
  ["battery", "battery", 2.8, 4.3, 2, 3.3, null],
];

export class Gauges {
  constructor(place) {
    this.values = {};
    this.columns = {};
    this.dials = GAUGES.map((row) => new Dial(row));
    place.replaceChildren(...this.dials.map((dial) => dial.box));
  }

  setLayout(layout) {
    this.values = {};
    this.columns = Object.fromEntries(layout.signals.map((signal, at) => [signal.name, [at + 1, signal]]));
  }

  add(columns) {
    for (const [name, [at, signal]] of Object.entries(this.columns)) {
      this.values[name] = columns[at].at(-1) * signal.scale;
    }
  }

  draw() {
    for (const dial of this.dials) {
      const known = this.columns[dial.name];
      dial.show(this.values[dial.name], known ? known[1].unit : "");
    }
  }
}

class Dial {
  constructor([name, caption, from, to, digits, low, high]) {
    Object.assign(this, { name, from, to, digits, low, high });
    this.box = document.createElement("div");
    this.box.className = "gauge";
    this.box.innerHTML = `<div class="caption"></div><div class="value"></div>
      <div class="track"><div class="bar"></div></div>`;
    this.box.querySelector(".caption").textContent = caption;
    this.value = this.box.querySelector(".value");
    this.bar = this.box.querySelector(".bar");
    this.box.dataset.signal = name;
  }

  show(value, unit) {
    const text = value === undefined ? "–" : `${value.toFixed(this.digits)} ${unit}`;
    if (text === this.shown) return;
    this.shown = text;
    this.value.textContent = text;
    this.box.title = value === undefined ? "not watched: choose it under Signals" : "";
    const share = value === undefined ? 0 : (value - this.from) / (this.to - this.from);
    this.bar.style.width = `${100 * Math.min(Math.max(share, 0), 1)}%`;
    const beyond = (this.low !== null && value < this.low) || (this.high !== null && value > this.high);
    this.box.classList.toggle("beyond", beyond);
  }
}
