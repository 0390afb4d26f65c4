/* Ticks of a time axis: on even steps of the reader's clock, with labels that tell one from the next. */

const HOUR = 3600;
const DAY = 24 * HOUR;
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 4 * DAY, 7 * DAY, 14 * DAY, 28 * DAY, 42 * DAY, 61 * DAY, 91 * DAY, 122 * DAY, 183 * DAY];
const CLOCK = /** @type {const} */ ({ hour: "2-digit", minute: "2-digit" });
const DATE = /** @type {const} */ ({ day: "numeric", month: "short" });

/** @returns {Intl.DateTimeFormatOptions}
 * @param {number} step @param {number} length seconds, both */
function words(step, length) {
  if (step < 60) return { ...CLOCK, second: "2-digit" };
  if (step < DAY) return length < DAY ? CLOCK : { ...DATE, hour: "numeric" };
  return step < 60 * DAY ? DATE : { month: "short", year: "2-digit" };
}

/** Ticks from one moment to another, at most `most` and one, and their labels.
 * @param {number} from seconds since 1970, like `to`
 * @param {number} zone seconds by which the reader's clock is ahead of UTC
 * @returns {{time: number, label: string}[]}
 * @param {number} to @param {number} most */
export function timeTicks(from, to, most, zone) {
  const step = STEPS.find((size) => (to - from) / size <= most) ?? Math.ceil((to - from) / most / DAY) * DAY;
  /** @type {Intl.DateTimeFormatOptions} */
  const options = { ...words(step, to - from), timeZone: "UTC" }; // the zone is in the time that is written
  const found = [];
  for (let at = Math.ceil((from + zone) / step) * step; at <= to + zone; at += step) found.push({ time: at - zone, label: new Date(at * 1000).toLocaleString(undefined, options) });
  return found;
}
