// The needles at the crank's phase, slowed down for the eye as a stroboscope does: the phase shown
// is that of the pen, at moments that lie SHOWN_HZ strokes a second apart from whole turns.

const SHOWN_HZ = 0.7;
const STALE_MS = 500;
const STROKE_MM = 3;

export class Needle {
  constructor(canvas) {
    this.canvas = canvas;
    this.pen = canvas.getContext("2d");
    this.phase = null;
  }

  setPhase(phase, values = {}) {
    this.values = values;
    if (phase === null) {
      this.phase = null;
      return;
    }
    const [, turns, spread, rate_mHz] = phase;
    this.phase = { turns, spread, rate_Hz: rate_mHz / 1000, at: performance.now() };
  }

  // Turns from the top at a moment: measured, then carried on by the stroke rate.
  turnsAt(now) {
    return fraction(this.phase.turns + ((now - this.phase.at) / 1000) * this.phase.rate_Hz);
  }

  // What a lamp shows that flashes once in 1 / (rate - SHOWN_HZ).
  shownTurns(now) {
    const flash_ms = 1000 / Math.max(this.phase.rate_Hz - SHOWN_HZ, 1);
    const lit = Math.floor(now / flash_ms) * flash_ms;
    return this.turnsAt(lit);
  }

  draw(now) {
    const live = this.phase && now - this.phase.at < STALE_MS;
    const turns = live ? this.shownTurns(now) : 0;
    const style = getComputedStyle(document.body);
    const colour = (name) => style.getPropertyValue(name);
    const { width, height } = fitted(this.canvas, this.pen);
    const [pen, skin, scale] = [this.pen, height * 0.5, (height * 0.36) / STROKE_MM];
    const depth_mm = this.values && this.values.depth !== undefined ? this.values.depth : 0;
    const tip = skin + (depth_mm - (STROKE_MM / 2) * (1 + Math.cos(2 * Math.PI * turns))) * scale;
    pen.clearRect(0, 0, width, height);
    pen.fillStyle = colour("--skin");
    pen.globalAlpha = 0.22;
    pen.fillRect(0, skin, width * 0.62, height - skin);
    pen.globalAlpha = live ? 1 : 0.3;
    drawNeedles(pen, width * 0.31, tip, colour("--ink"));
    pen.globalAlpha = 1;
    this.write(pen, width, height, live, turns, colour);
  }

  write(pen, width, height, live, turns, colour) {
    pen.fillStyle = colour(live ? "--ink" : "--muted");
    pen.font = "600 15px system-ui, sans-serif";
    pen.textAlign = "left";
    const at = width * 0.66;
    pen.fillText(live ? `${Math.round(turns * 360)}°` : "–", at, height * 0.42);
    pen.font = "11px system-ui, sans-serif";
    pen.fillStyle = colour("--muted");
    pen.fillText(live ? `±${Math.max(1, Math.round(this.phase.spread * 360))}°` : "no phase", at, height * 0.42 + 17);
    if (live) pen.fillText("slowed", at, height * 0.42 + 31);
  }
}

function drawNeedles(pen, middle, tip, colour) {
  pen.strokeStyle = pen.fillStyle = colour;
  pen.lineWidth = 2;
  pen.fillRect(middle - 26, tip - 38, 52, 10);
  for (let x = middle - 20; x <= middle + 20; x += 10) {
    pen.beginPath();
    pen.moveTo(x - 2, tip - 28);
    pen.lineTo(x, tip);
    pen.lineTo(x + 2, tip - 28);
    pen.fill();
  }
}

function fraction(turns) {
  return turns - Math.floor(turns);
}

// The canvas in CSS pixels, its memory in those of the screen.
export function fitted(canvas, pen) {
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  return { width, height };
}
