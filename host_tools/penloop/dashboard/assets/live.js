// The page's own websocket: samples to draw, the pen's condition, and the stop.
// It is apart from NiceGUI's, so that drawing and stopping do not wait for it.

import { Gauges } from "./gauges.js";
import { Head } from "./head.js";
import { Needle } from "./needle.js";
import { Plot } from "./plot.js";

const RETRY_MS = 500;
const SILENT_MS = 2000; // the server sends its condition twice a second
const UNANSWERED_MS = 400; // a stop without an answer for so long is told
const HERE_MS = 500; // so often the server hears that a page looks on
const STILL_MS = 600; // samples have not come for so long

const element = (id) => document.getElementById(id);

class Live {
  constructor() {
    this.head = new Head();
    this.plot = new Plot(element("plot"), element("legend"));
    this.gauges = new Gauges(element("gauges"));
    this.needle = new Needle(element("needle"));
    this.stops = new Map(); // number: when it was asked for
    this.stopNumber = 0;
    this.batch = 0;
    this.drawnBatch = 0;
    this.frames = [];
    this.stats = { fps: 0, behind_ms: 0, stop_ms: null, batches: 0, samples: 0 };
    this.heardAt = performance.now();
    this.sampledAt = -Infinity;
    this.condition = { link: "connecting", faults: [], state: "" };
    this.connect();
    setInterval(() => this.watch(), 100);
    setInterval(() => this.send({ here: 1 }), HERE_MS);
    requestAnimationFrame((now) => this.frame(now));
  }

  connect() {
    const address = new URL("live", location.href);
    address.protocol = "ws:";
    this.socket = new WebSocket(address);
    this.socket.onmessage = (event) => this.take(JSON.parse(event.data));
    this.socket.onopen = () => { this.batch = this.drawnBatch = 0; };
    this.socket.onclose = () => setTimeout(() => this.connect(), RETRY_MS);
  }

  take(message) {
    this.heardAt = performance.now();
    if (message.kind === "samples") this.takeSamples(message);
    else if (message.kind === "layout") this.takeLayout(message);
    else if (message.kind === "condition") this.takeCondition(message);
    else if (message.kind === "stopped") this.takeStopped(message);
  }

  takeLayout(layout) {
    this.layout = layout;
    this.plot.setLayout(layout);
    this.gauges.setLayout(layout);
    this.needle.setPhase(null);
  }

  takeSamples(message) {
    this.sampledAt = this.heardAt;
    this.batch = message.batch;
    this.stats.batches += 1;
    this.stats.samples += message.columns[0].length;
    this.plot.add(message.columns, message.lost);
    this.gauges.add(message.columns);
    this.needle.setPhase(message.phase, this.gauges.values);
    if (document.hidden) this.acknowledge(); // nothing is drawn in a hidden page
  }

  takeCondition(condition) {
    const comesUp = condition.link === "up" && this.condition.link !== "up";
    if (comesUp) this.sampledAt = performance.now(); // the first samples may be on their way
    this.condition = condition;
    this.watch();
  }

  takeStopped(message) {
    const asked = this.stops.get(message.number);
    this.stops.delete(message.number);
    if (asked === undefined) return;
    this.stats.stop_ms = performance.now() - asked;
    if (message.error) this.head.stopFailed(message.error);
    else this.head.stopAnswered(this.stats.stop_ms);
  }

  stop() {
    const number = ++this.stopNumber;
    this.stops.set(number, performance.now());
    this.head.stopAsked();
    if (this.socket.readyState === WebSocket.OPEN) {
      this.socket.send(JSON.stringify({ stop: number }));
      return;
    }
    this.stops.delete(number);
    this.head.stopFailed("this page has lost its server: use the pen's button");
  }

  watch() {
    const now = performance.now();
    const stale = now - this.heardAt > SILENT_MS || this.socket.readyState !== WebSocket.OPEN;
    const quiet = this.condition.link === "up" && now - this.sampledAt > STILL_MS;
    const waiting = [...this.stops.values()].some((asked) => now - asked > UNANSWERED_MS);
    this.head.show(this.condition, { stale, quiet, waiting });
    const dead = stale || quiet || this.condition.link !== "up";
    document.body.classList.toggle("dead", dead);
    if (dead) this.needle.setPhase(null);
    this.plot.follow(!dead);
  }

  frame(now) {
    this.plot.draw(now);
    this.needle.draw(now);
    this.gauges.draw();
    this.acknowledge();
    this.drawn = (this.drawn || 0) + 1;
    this.frames.push(now);
    while (this.frames[0] < now - 1000) this.frames.shift();
    this.stats.fps = this.frames.length;
    this.stats.behind_ms = this.plot.behind_ms;
    this.head.showStats(this.stats);
    requestAnimationFrame((later) => this.frame(later));
  }

  acknowledge() {
    if (this.batch === this.drawnBatch) return;
    this.drawnBatch = this.batch;
    this.send({ drawn: this.batch });
  }

  send(message) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }
}

function writing(target) {
  return target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName);
}

// Escape stops from everywhere, the space bar unless somebody writes: it presses no button here.
function stopByKey(event, live) {
  const space = event.key === " " && !writing(event.target);
  if (event.repeat || !(event.key === "Escape" || space)) return;
  if (space) {
    event.preventDefault();
    event.stopImmediatePropagation();
  }
  live.stop();
}

function pause(button, live) {
  const paused = !live.plot.paused;
  live.plot.pause(paused);
  button.setAttribute("aria-pressed", String(paused));
  button.textContent = paused ? "Go on" : "Pause";
}

function begin() {
  if (!element("plot")) {
    requestAnimationFrame(begin);
    return;
  }
  const live = new Live();
  window.penloop = live;
  element("span").addEventListener("change", (event) => live.plot.setSpan(Number(event.target.value)));
  element("pause").addEventListener("click", (event) => pause(event.currentTarget, live));
  element("stop").addEventListener("pointerdown", () => live.stop());
  element("stop").addEventListener("click", (event) => {
    if (event.detail === 0) live.stop(); // by a screen reader or the enter key
  });
  document.addEventListener("keydown", (event) => stopByKey(event, live), { capture: true });
}

begin();
