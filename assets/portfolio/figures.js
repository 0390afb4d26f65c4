/* Figures of the portfolio as elements, as components/ui/figures.py writes them on the server. */
import { el } from "../ui/elements.js";
import { UNKNOWN, direction, formatGain, formatMoment, formatPercent } from "../ui/format.js";

/** What is not known, with the reason on hover.
 * @param {string} reason */
export const unknown = (reason) => el("span", { class: "figure unknown", title: reason, role: "img", "aria-label": `unknown: ${reason}`, text: UNKNOWN });

/** A gain or loss in minor units.
 * @param {number | null} value @param {Api.Unit} unit @param {string} reason */
export function gain(value, unit, reason) {
  return value === null ? unknown(reason) : el("span", { class: `figure ${direction(value)}`, text: formatGain(value, unit) });
}

/** A fraction as a signed percentage.
 * @param {number | null} fraction @param {string} reason */
export function change(fraction, reason, digits = 1) {
  if (fraction === null) return unknown(reason);
  return el("span", { class: `figure ${direction(100 * fraction, digits)}`, text: formatPercent(fraction, digits, true) });
}

/** The moment of a transaction, with UTC on hover.
 * @param {Pick<Api.Transaction, "time" | "timed">} transaction */
export function moment({ time, timed }) {
  const title = timed ? time.replace("T", " ").replace(/(\.\d+)?Z$/, " UTC") : "The time of day is not known";
  return el("time", { datetime: timed ? time : time.slice(0, 10), title, text: formatMoment(time, timed) });
}
