/* Kinds of rules as the dialog has them: their words, units, and thresholds as texts. */
import { minorUnits } from "../items/minor.js";
import { formatCounted } from "../ui/format.js";

/** By the name of its choice.
 * @type {Record<string, {kind: string, direction: string, words: string}>} */
export const KINDS = {
  "price-above": { kind: "price", direction: "above", words: "the price rises to" },
  "price-below": { kind: "price", direction: "below", words: "the price falls to" },
  "change-either": { kind: "change", direction: "either", words: "it changes, up or down, by" },
  "change-above": { kind: "change", direction: "above", words: "it rises by" },
  "change-below": { kind: "change", direction: "below", words: "it falls by" },
  "sigma-either": { kind: "sigma", direction: "either", words: "a day's move is unusual for it" },
  "sigma-above": { kind: "sigma", direction: "above", words: "a day's rise is unusual for it" },
  "sigma-below": { kind: "sigma", direction: "below", words: "a day's fall is unusual for it" },
  "stale-above": { kind: "stale", direction: "above", words: "it has no new price for" },
  "value-above": { kind: "value", direction: "above", words: "its value rises to" },
  "value-below": { kind: "value", direction: "below", words: "its value falls to" },
};

/** @param {{kind: string, direction: string}} rule */
export const kindOf = ({ kind, direction }) => `${kind}-${direction}`;

const isMoney = (/** @type {string} */ kind) => kind === "price" || kind === "value";

/** @param {string} kind @param {{currency: string}} target */
export const unitOf = (kind, { currency }) => (isMoney(kind) ? currency : { change: "percent", sigma: "daily sigmas", stale: "hours" }[kind] || "");

/** A threshold to begin with, in the unit that the server takes; null where nothing is known to begin from.
 * @param {string} kind @param {string} direction @param {{price: number | null}} target */
export function suggested(kind, direction, { price }) {
  const sign = direction === "below" ? -1 : 1;
  if (isMoney(kind)) return price === null ? null : Math.max(1, Math.round(price * (1 + sign / 10)));
  return { change: sign * 10, sigma: sign * 3, stale: 24 }[kind] ?? null;
}

/** A threshold as it is typed: money in whole units. @param {number | null} value @param {string} kind @param {{price_scale: number}} target */
export function toText(value, kind, { price_scale: scale }) {
  if (value === null) return "";
  return isMoney(kind) ? (value / scale).toFixed(Math.round(Math.log10(scale))) : String(value);
}

/** The same back; null where it makes no sense. @param {string} text @param {string} kind @param {{price_scale: number}} target */
export function fromText(text, kind, { price_scale: scale }) {
  if (isMoney(kind)) {
    const minor = minorUnits(text, scale);
    return minor === null || Number.isNaN(minor) ? null : minor;
  }
  const plain = text.trim().replace(",", ".").replace("\u2212", "-");
  return /^-?\d+(\.\d+)?$/.test(plain) ? Number(plain) : null;
}

const DAY_HOURS = 24;

/** How much of it is known, where that is not all. @param {number} hours @param {number} days */
export function known(hours, days) {
  const whole = Math.floor(hours / DAY_HOURS);
  if (whole >= days - 1) return ""; // the hour that runs, or a first one without a price before it
  return `, of which ${whole ? formatCounted(whole, "day", "days") : formatCounted(hours, "hour", "hours")} ${(whole || hours) === 1 ? "is" : "are"} known`;
}
