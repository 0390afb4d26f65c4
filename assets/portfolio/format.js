/* Elements and figures that the portfolio's scripts share: tracera.portfolioWords. The words are those of
   components/portfolio_words.py. */
(() => {
  "use strict";

  const tracera = (window.tracera = window.tracera || {});
  const UNKNOWN = "\u2013";

  /** An element; `attributes` with class, text, hidden and data-… as in HTML, functions as listeners. */
  function el(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (value === null || value === undefined || value === false) continue;
      if (typeof value === "function") element.addEventListener(name, value);
      else if (name === "text") element.textContent = value;
      else element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children.flat().filter((child) => child !== null && child !== undefined));
    return element;
  }

  const icon = (name, size = 16) => el("span", { class: `icon icon-${name}`, style: `width:${size}px;height:${size}px`, "aria-hidden": "true" });

  const unknown = (reason) => el("span", { class: "figure unknown", title: reason, role: "img", "aria-label": `unknown: ${reason}`, text: UNKNOWN });

  const money = (value, { scale, currency }) => (value === null ? UNKNOWN : tracera.formatMoney(value, scale, currency));

  const side = (value) => (value > 0 ? "up" : value < 0 ? "down" : "neutral");

  const gainText = (value, unit) => `${{ up: "\u25b2 +", down: "\u25bc ", neutral: "" }[side(value)]}${money(value, unit).replace("-", "\u2212")}`;

  function gain(value, unit, reason) {
    return value === null ? unknown(reason) : el("span", { class: `figure ${side(value)}`, text: gainText(value, unit) });
  }

  const decimals = new Map();
  function fixed(value, digits) {
    if (!decimals.has(digits)) decimals.set(digits, new Intl.NumberFormat("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }));
    return decimals.get(digits).format(value);
  }

  /** A fraction in percent; with `signed` as a change, with arrow and sign. */
  function percentText(fraction, digits = 1, signed = false) {
    const rounded = Number((100 * fraction).toFixed(digits));
    const number = fixed(Math.abs(rounded), digits);
    if (!signed) return `${rounded < 0 ? "\u2212" : ""}${number}\u00a0%`;
    return `${{ up: "\u25b2 +", down: "\u25bc \u2212", neutral: "" }[side(rounded)]}${number}\u00a0%`;
  }

  function change(fraction, reason, digits = 1) {
    if (fraction === null) return unknown(reason);
    const rounded = Number((100 * fraction).toFixed(digits));
    return el("span", { class: `figure ${side(rounded)}`, text: percentText(fraction, digits, true) });
  }

  const counts = new Intl.NumberFormat("en-US");
  const count = (value) => counts.format(value);
  const plural = (value, one, several) => `${count(value)}\u00a0${value === 1 ? one : several}`;
  const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

  // Letters and digits alone, without case and accents: the rule of db/searching.py.
  const LEFT_OUT = /[\u0000-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00bf\u0300-\u036f\u2000-\u2bff\u3000-\u303f]/g;
  const searchForm = (text) => text.replaceAll("\u2122", "").normalize("NFKD").toLowerCase().replace(LEFT_OUT, "");

  const DAY = { year: "numeric", month: "short", day: "numeric" };

  /** When something was: in the reader's zone, or the day alone, in no zone, where no time of day is known. */
  function when(time, timed = true) {
    const date = new Date(time);
    return timed ? date.toLocaleString(undefined, { ...DAY, hour: "2-digit", minute: "2-digit" }) : date.toLocaleDateString(undefined, { ...DAY, timeZone: "UTC" });
  }

  /** The moment of a transaction, with UTC on hover. */
  function moment({ time, timed }) {
    const title = timed ? time.replace("T", " ").replace(/(\.\d+)?Z$/, " UTC") : "The time of day is not known";
    return el("time", { datetime: timed ? time : time.slice(0, 10), title, text: when(time, timed) });
  }

  tracera.portfolioWords = { searchForm, when, moment, UNKNOWN, el, icon, unknown, money, side, gain, gainText, percentText, change, count, plural, clock };
})();
