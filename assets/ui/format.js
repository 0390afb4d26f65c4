/* Numbers and times as text: the same words as the server writes (components/ui/format.py and its neighbours), held together by
   the examples of tests/format_examples.json, which both read. Unknown values are the callers' business but where they are named. */

export const UNKNOWN = "\u2013";
export const NO_BREAK = "\u00a0";
const MINUS = "\u2212";
const UP = "\u25b2 ";
const DOWN = "\u25bc ";

// Money

/** @type {Map<string, [Intl.NumberFormat, string]>} */
const currencies = new Map();

/** @param {number} scale @param {string} currency @returns {[Intl.NumberFormat, string]} */
function currencyFormat(scale, currency) {
  const key = `${scale} ${currency}`;
  if (!currencies.has(key)) {
    const digits = Math.round(Math.log10(scale));
    const options = { minimumFractionDigits: Math.min(2, digits), maximumFractionDigits: digits };
    // Intl knows three-letter codes alone; USDT and its like are written behind the number.
    const known = /^[A-Z]{3}$/.test(currency);
    const style = known ? { style: /** @type {const} */ ("currency"), currency } : {};
    currencies.set(key, [new Intl.NumberFormat("en-US", { ...options, ...style }), known ? "" : NO_BREAK + currency]);
  }
  return /** @type {[Intl.NumberFormat, string]} */ (currencies.get(key));
}

/** Minor units as money: at least two decimals where the currency has them, and as many as the scale holds.
 * @param {number} minor
 * @param {number} scale minor units in one unit, a power of ten
 * @param {string} currency */
export function formatMoney(minor, scale, currency) {
  const [format, suffix] = currencyFormat(scale, currency);
  return format.format(minor / scale) + suffix;
}

/** The same by a unit; null is unknown.
 * @param {number | null} minor
 * @param {{scale: number, currency: string}} unit */
export const money = (minor, { scale, currency }) => (minor === null ? UNKNOWN : formatMoney(minor, scale, currency));

/** Money in `digits` significant figures where it is large: "$12.3K".
 * @param {number} minor @param {Api.Unit} unit */
export const formatShortMoney = (minor, { scale, currency }, digits = 3) =>
  new Intl.NumberFormat("en-US", { style: "currency", currency, notation: "compact", maximumSignificantDigits: digits }).format(minor / scale);

// Directions and changes

/** Whether a value goes up, down or neither, once it is rounded to `digits` decimals.
 * @param {number} value */
export function direction(value, digits = 0) {
  const rounded = Number(value.toFixed(digits));
  return rounded > 0 ? "up" : rounded < 0 ? "down" : "neutral";
}

/** @param {number | bigint} value */
const side = (value) => (value > 0 ? "up" : value < 0 ? "down" : "neutral");

/** A gain or loss with sign and arrow.
 * @param {number} minor @param {Api.Unit} unit */
export const formatGain = (minor, unit) => `${{ up: `${UP}+`, down: DOWN, neutral: "" }[side(minor)]}${money(minor, unit).replace("-", MINUS)}`;

/** The change from base to price with sign and arrow, and the direction as -1, 0 or 1.
 * @param {number} price
 * @param {number} base above 0
 * @returns {[string, number]} */
export function formatChange(price, base) {
  // Halves away from zero, exactly: tenths of a percent.
  const [from, moved] = [BigInt(base), BigInt(price) - BigInt(base)];
  const tenths = (2000n * (moved < 0n ? -moved : moved) + from) / (2n * from);
  const towards = tenths === 0n ? 0 : moved < 0n ? -1 : 1;
  const arrow = [DOWN + MINUS, "", `${UP}+`][towards + 1];
  return [`${arrow}${tenths / 10n}.${tenths % 10n}${NO_BREAK}%`, towards];
}

// Plain numbers

/** @type {Map<number, Intl.NumberFormat>} */
const decimals = new Map();

/** @param {number} digits @returns {Intl.NumberFormat} */
function decimalFormat(digits) {
  if (!decimals.has(digits)) decimals.set(digits, new Intl.NumberFormat("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }));
  return /** @type {Intl.NumberFormat} */ (decimals.get(digits));
}

/** A fraction in percent; with `signed` as a change, with arrow and sign.
 * @param {number} fraction */
export function formatPercent(fraction, digits = 1, signed = false) {
  const rounded = Number((100 * fraction).toFixed(digits));
  const number = decimalFormat(digits).format(Math.abs(rounded));
  if (!signed) return `${rounded < 0 ? MINUS : ""}${number}${NO_BREAK}%`;
  return `${{ up: `${UP}+`, down: DOWN + MINUS, neutral: "" }[side(rounded)]}${number}${NO_BREAK}%`;
}

/** A number with so many decimals: "−1.20".
 * @param {number} value @param {number} digits */
export const formatFixed = (value, digits) => value.toFixed(digits).replace("-", MINUS);

/** The same with its sign; what rounds to nothing has none.
 * @param {number} value @param {number} digits */
export function formatSigned(value, digits) {
  const text = formatFixed(value, digits);
  return Number(value.toFixed(digits)) > 0 ? `+${text}` : text.replace(/^\u2212(?=[0.]+$)/, "");
}

const counts = new Intl.NumberFormat("en-US");

/** A whole number: "2,000".
 * @param {number} value */
export const formatCount = (value) => counts.format(value);

/** A number of things: "1 item", "2,000 items".
 * @param {number} value @param {string} one @param {string} several */
export const formatCounted = (value, one, several) => `${formatCount(value)}${NO_BREAK}${value === 1 ? one : several}`;

// Times

/** Seconds as the largest whole unit: "3 s", "4 min", "2 h", "5 d".
 * @param {number} seconds */
export function formatAge(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min`;
  if (whole < 86400) return `${Math.floor(whole / 3600)} h`;
  return `${Math.floor(whole / 86400)} d`;
}

/** Seconds left, as a clock shows them: "2:05".
 * @param {number} seconds */
export const formatClock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

/** @type {Intl.DateTimeFormatOptions} */
const DAY = { year: "numeric", month: "short", day: "numeric" };

/** When something was: in the reader's zone, or the day alone, in no zone, where no time of day is known.
 * @param {string} time */
export function formatMoment(time, timed = true) {
  const date = new Date(time);
  return timed ? date.toLocaleString(undefined, { ...DAY, hour: "2-digit", minute: "2-digit" }) : date.toLocaleDateString(undefined, { ...DAY, timeZone: "UTC" });
}
