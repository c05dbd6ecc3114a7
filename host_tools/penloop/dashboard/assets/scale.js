// The scale of a lane: round bounds around its values, but for a few that would flatten all others.

export const LEAST_SPAN = { Hz: 10, mm: 0.2, mA: 100, V: 0.1, C: 1, s: 0.01 }; // noise fills no lane
const FEW = 50; // values of which none is left out
const USUAL_SHARE = 0.005; // of the values at either end that may be extremes
const FLAT = 4; // times the span of the others: extremes beyond are left out
const LOOKED_AT = 2000; // values that the usual span is told from

export function niceStep(least) {
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((one) => one * power).find((one) => one >= least * 0.999);
}

export function roundScale(low, high, least) {
  const step = niceStep(Math.max(high - low, least) / 2);
  const bottom = Math.floor(low / step) * step;
  const top = Math.ceil(high / step) * step;
  return [bottom, top > bottom ? top : bottom + step, step];
}

// Lowest and highest value; `beyond` is the farthest that was left out, as in recordings/lines.py.
export function usualExtremes(values, unit) {
  const [lowest, highest] = endsWithin(values, -Infinity, Infinity);
  if (!(lowest <= highest)) return { lowest: 0, highest: 1 };
  if (values.length < FEW || !unit || unit === "bits") return { lowest, highest };
  const [low, high] = usualSpan(values);
  const room = FLAT * Math.max(high - low, LEAST_SPAN[unit] || 0);
  const all = highest <= high + room && lowest >= low - room;
  if (!(high > low) || all) return { lowest, highest };
  const [bottom, top] = endsWithin(values, low - room, high + room);
  return { lowest: bottom, highest: top, beyond: highest > high + room ? highest : lowest };
}

function endsWithin(values, least, greatest) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < least || value > greatest) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

function usualSpan(values) {
  const stride = Math.ceil(values.length / LOOKED_AT);
  const some = values.filter((_value, n) => n % stride === 0).sort();
  const at = Math.ceil(USUAL_SHARE * some.length);
  return [some[at], some[some.length - 1 - at]];
}
