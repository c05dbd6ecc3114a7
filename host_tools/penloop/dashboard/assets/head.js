// What is always in sight: state, link, recording, alarms, and what became of a stop.

const element = (id) => document.getElementById(id);
const TOLD_MS = 4000;

export class Head {
  constructor() {
    this.told = "";
    this.toldKind = "";
    this.toldUntil = 0;
  }

  stopAsked() {
    this.tell("stop …", "plain");
  }

  stopAnswered(took_ms) {
    this.tell(`stopped: answered in ${Math.round(took_ms)} ms`, "good");
  }

  stopFailed(reason) {
    this.tell(`NOT STOPPED, ${reason}`, "alarm", 15000);
  }

  tell(text, kind, span_ms = TOLD_MS) {
    [this.told, this.toldKind, this.toldUntil] = [text, kind, performance.now() + span_ms];
    this.showTold();
  }

  showTold() {
    const on = performance.now() < this.toldUntil;
    const note = element("told");
    note.textContent = on ? this.told : "";
    note.className = on ? this.toldKind : "";
  }

  show(condition, { stale, quiet, waiting }) {
    this.showTold();
    const state = element("state");
    const known = !stale && condition.link === "up" && condition.state;
    state.textContent = known ? condition.state.replace("_", " ") : "?";
    state.dataset.state = known ? condition.state : "";
    const link = element("link");
    link.textContent = stale ? "page stale" : quiet ? "no samples" : `link ${condition.link}`;
    link.className = stale || quiet || condition.link !== "up" ? "chip bad" : "chip";
    link.title = condition.port || "";
    this.showRecording(condition.recording);
    this.showBanners(banners(condition, stale, quiet, waiting));
  }

  showRecording(recording) {
    const chip = element("recording");
    chip.hidden = !recording;
    if (!recording) return;
    chip.textContent = `● ${size(recording.bytes)}`;
    chip.title = recording.file;
  }

  showBanners(wanted) {
    const key = JSON.stringify(wanted);
    if (key === this.bannersKey) return;
    this.bannersKey = key;
    element("banners").replaceChildren(...wanted.map(bannerElement));
  }

  showStats(stats) {
    const now = performance.now();
    if (now < (this.statsDue || 0)) return;
    this.statsDue = now + 500;
    element("stats").textContent = `${stats.fps} frames/s, ${Math.round(stats.behind_ms)} ms behind`;
  }
}

function banners(condition, stale, quiet, waiting) {
  const wanted = [];
  if (waiting) {
    wanted.push(["alarm", "The stop is not answered", "Press the pen's button."]);
  }
  if (stale) {
    const remedy = "What you see is old. Press the pen's button to stop; look whether penloop dashboard still runs.";
    return [...wanted, ["alarm", "This page has lost its server", remedy]];
  }
  if (condition.link === "down") {
    const remedy = `${condition.reason}: ${condition.remedy}. It connects again by itself; meanwhile only the pen's button stops it.`;
    wanted.push(["alarm", "The link to the pen is down", remedy]);
  } else if (condition.link === "connecting") {
    wanted.push(["notice", "Connecting to the pen", condition.port || ""]);
  } else if (quiet) {
    wanted.push(["notice", "The pen sends no samples", "It may be writing its flash, or the link is about to be lost."]);
  }
  if (condition.recording && condition.recording.note) {
    wanted.push(["notice", "Recording", condition.recording.note]);
  }
  for (const fault of condition.faults) {
    wanted.push(["alarm", `Fault: ${fault.name}`, `${sentence(fault.cause)} ${sentence(fault.remedy)}`]);
  }
  return wanted;
}

const sentence = (text) => (text ? `${text[0].toUpperCase()}${text.slice(1)}.` : "");

function bannerElement([kind, title, text]) {
  const box = document.createElement("div");
  box.className = `banner ${kind}`;
  const head = document.createElement("b");
  head.textContent = title;
  box.append(head, ` ${text}`);
  return box;
}

const size = (bytes) => (bytes < 1e6 ? `${Math.round(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);
