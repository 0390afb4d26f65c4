/* The dialogs in which indicators and price levels are chosen; see components/item/price_chart.py. What is chosen stands in the
   address and is remembered by the browser, for pairs and for items apart. */
import { MOST, PERIODS, PRICES, RANGES, checkedValue, fitTogether, formatIndicators, label, parseIndicators, parseLevels, withDefaults, word } from "./chart_selection.js";
import { definition, view } from "./chart_state.js";
import { seriesColour } from "./chart_series.js";
import { closest, el, icon } from "../ui/elements.js";

const CHANGED = "tracera:chart-chosen";
/** @typedef {import("./chart_selection.js").Chosen} Chosen */
/** @typedef {import("./chart_selection.js").Indicator} Indicator */
/** Writes the dialog anew, with the keyboard at what matches.
 * @typedef {(selector: string) => void} Again */

/** @type {Record<string, string>} */
const TITLES = { d: "Day", w: "Week", m: "Month", y: "Year" };
let kind = "";
let base = "";

/** Tell the chart what was chosen.
 * @param {"indicators" | "levels"} what */
function changed(what) {
  remember();
  document.dispatchEvent(new CustomEvent(CHANGED, { detail: what }));
}

// Memory

const key = () => `tracera-chart-${kind}`;
const texts = () => ({ indicators: formatIndicators(view.indicators), levels: view.levels.join(",") });

/** @returns {{indicators?: string, levels?: string}} */
function stored() {
  try {
    return JSON.parse(localStorage.getItem(key()) || "{}");
  } catch (error) {
    if (!(error instanceof DOMException || error instanceof SyntaxError)) throw error; // storage may be forbidden
    return {};
  }
}

/** The address with what is chosen; nothing stands there that is as it comes. */
function addressed() {
  const query = new URLSearchParams(location.search);
  const chosen = texts();
  for (const [name, usual] of /** @type {const} */ ([["indicators", base], ["levels", ""]])) {
    if (chosen[name] === usual) query.delete(name);
    else query.set(name, chosen[name]);
  }
  const text = query.toString().replaceAll("%2C", ",").replaceAll("%3A", ":");
  return location.pathname + (text ? `?${text}` : "");
}

function remember() {
  try {
    localStorage.setItem(key(), JSON.stringify(texts()));
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
  }
  if (addressed() !== location.pathname + location.search) history.pushState(null, "", addressed());
}

/** Read what is chosen: from the address, else from memory, else as the page says. */
export function restore() {
  const place = document.getElementById("price-chart-picker");
  if (!place) return;
  view.registry = JSON.parse(String(place.dataset.indicators));
  kind = String(place.dataset.kind);
  base = String(place.dataset.chosen);
  const query = new URLSearchParams(location.search);
  const known = query.has("indicators") || query.has("levels") ? {} : stored();
  view.indicators = parseIndicators(query.get("indicators") ?? known.indicators ?? base, view.registry);
  view.levels = parseLevels(query.get("levels") ?? known.levels ?? "");
  // So that the address says what one sees, and can be handed on.
  history.replaceState(history.state, "", addressed());
}

window.addEventListener("popstate", () => {
  if (!document.getElementById("price-chart-picker")) return;
  setTimeout(() => {
    restore();
    document.dispatchEvent(new CustomEvent(CHANGED, { detail: "both" }));
  });
});

// Indicators

/** @param {Chosen} chosen @param {import("./chart_selection.js").Parameter} parameter @param {number} at @param {(text: string) => void} report */
function field(chosen, parameter, at, report) {
  const whole = parameter.kind === "integer";
  const name = parameter.name.replaceAll("_", " ");
  const input = el("input", { type: "number", value: String(chosen.values[at]), min: String(parameter.minimum), max: String(parameter.maximum), step: whole ? "1" : "any", "aria-label": `${name} of ${label(chosen, definition(chosen.name))}`, inputmode: whole ? "numeric" : "decimal" });
  input.addEventListener("change", () => {
    const value = checkedValue(parameter, input.value);
    const values = chosen.values.map((old, place) => (place === at ? value ?? old : old));
    const fits = value !== null && fitTogether(definition(chosen.name), values);
    const twice = fits && view.indicators.some((other) => other !== chosen && word(other) === word({ ...chosen, values }));
    input.setAttribute("aria-invalid", String(!fits || twice));
    if (value === null) return report(`${name}: ${whole ? "a whole number" : "a number"} from ${parameter.minimum} to ${parameter.maximum}`);
    if (!fits) return report("fast must be below slow");
    if (twice) return report("It is there already");
    report("");
    chosen.values = values;
    changed("indicators");
  });
  return el("label", { class: "picker-field" }, el("span", { text: name }), input);
}

/** @param {Chosen} chosen @param {Again} again */
function entry(chosen, again) {
  const indicator = definition(chosen.name);
  const message = el("p", { class: "picker-message", role: "alert" });
  /** @param {string} text */
  const report = (text) => (message.textContent = text);
  const swatch = el("span", { class: "picker-swatch", "aria-hidden": "true" });
  swatch.style.backgroundColor = seriesColour(chosen);
  const hide = el("button", { type: "button", class: "picker-button", "aria-pressed": String(!chosen.hidden), text: chosen.hidden ? "Show" : "Hide", "aria-label": `${chosen.hidden ? "Show" : "Hide"} ${indicator.title}` });
  hide.addEventListener("click", () => {
    chosen.hidden = !chosen.hidden;
    changed("indicators");
    again(`[data-entry="${word(chosen)}"] .picker-button`);
  });
  const remove = el("button", { type: "button", class: "picker-button picker-icon", "aria-label": `Remove ${indicator.title}` }, icon("close"));
  remove.addEventListener("click", () => {
    view.indicators = view.indicators.filter((other) => other !== chosen);
    changed("indicators");
    again("[data-entry] button, .picker-list button");
  });
  const fields = indicator.parameters.map((parameter, at) => field(chosen, parameter, at, report));
  return el("li", { class: "picker-entry", "data-entry": word(chosen) }, el("div", { class: "picker-line" }, swatch, el("span", { class: "picker-name", text: indicator.title }), hide, remove), fields.length ? el("div", { class: "picker-fields" }, fields) : null, message);
}

/** @param {Indicator} indicator */
function add(indicator) {
  const chosen = withDefaults(indicator);
  // The same once more is of use with other numbers alone.
  while (view.indicators.some((other) => word(other) === word(chosen))) {
    if (!chosen.values.length || chosen.values[0] >= indicator.parameters[0].maximum) return;
    chosen.values[0] += 1;
  }
  if (!fitTogether(indicator, chosen.values)) return;
  view.indicators = [...view.indicators, chosen];
  changed("indicators");
}

/** @param {string} pane @param {Again} again */
function offers(pane, again) {
  const full = view.indicators.length >= MOST;
  return view.registry
    .filter((indicator) => indicator.pane === pane)
    .map((indicator) => {
      const button = el("button", { type: "button", class: "picker-offer", disabled: full, "aria-label": `Add ${indicator.title}` }, icon("plus", 14), el("span", { text: indicator.title }));
      button.addEventListener("click", () => {
        add(indicator);
        again(`[aria-label="Add ${indicator.title}"]`);
      });
      return el("li", {}, button);
    });
}

/** Write the dialog of indicators; afterwards the keyboard is at `focus`.
 * @param {HTMLElement} body */
function indicators(body, focus = "") {
  /** @type {Again} */
  const again = (selector) => indicators(body, selector);
  const chosen = view.indicators.length ? el("ul", { class: "picker-entries" }, view.indicators.map((one) => entry(one, again))) : el("p", { class: "muted", text: "Nothing is drawn yet. Choose below." });
  body.replaceChildren(
    chosen,
    view.indicators.length >= MOST ? el("p", { class: "muted", text: `At most ${MOST} at once.` }) : "",
    el("h3", { text: "Over the price" }),
    el("ul", { class: "picker-list" }, offers("price", again)),
    el("h3", { text: "In a pane of its own" }),
    el("ul", { class: "picker-list" }, offers("own", again)),
  );
  if (focus) body.querySelector(focus)?.focus();
}

// Levels

/** @param {string} code @param {string} name */
function box(code, name) {
  const input = el("input", { type: "checkbox", "aria-label": name, value: code });
  input.checked = view.levels.includes(code);
  input.addEventListener("change", () => {
    view.levels = input.checked ? [...view.levels, code] : view.levels.filter((other) => other !== code);
    changed("levels");
  });
  return input;
}

/** A row of the table: one period, a box for each of its prices, and one that sets them all.
 * @param {string} period
 * @param {boolean} previous */
function row(period, previous) {
  const name = `${previous ? "Previous " : ""}${previous ? TITLES[period].toLowerCase() : TITLES[period]}`;
  const codes = Object.keys(PRICES).map((price) => `${previous ? "p" : ""}${period}${price}`);
  const boxes = codes.map((code, at) => box(code, `${name}, ${Object.values(PRICES)[at]}`));
  const all = el("button", { type: "button", class: "picker-all", text: name, title: "All or none" });
  all.addEventListener("click", () => {
    const on = boxes.some((one) => !one.checked);
    boxes.forEach((one) => (one.checked = on));
    view.levels = [...view.levels.filter((code) => !codes.includes(code)), ...(on ? codes : [])];
    changed("levels");
  });
  return el("tr", {}, el("th", { scope: "row" }, all), boxes.map((one) => el("td", {}, el("label", { class: "picker-box" }, one))));
}

/** @param {HTMLElement} body */
function levels(body) {
  const head = el("thead", {}, el("tr", {}, el("th", { scope: "col", text: "In UTC" }), ["High", "Low", "Open", "Middle"].map((name) => el("th", { scope: "col", text: name }))));
  const rows = Object.keys(PERIODS).flatMap((period) => [row(period, false), row(period, true)]);
  const ranges = Object.entries(RANGES).map(([code, name]) => el("label", { class: "picker-range" }, box(code, name), el("span", { text: name })));
  const none = el("button", { type: "button", class: "picker-button", text: "None of them" });
  none.addEventListener("click", () => {
    view.levels = [];
    changed("levels");
    levels(body);
    body.querySelector(".picker-all")?.focus();
  });
  body.replaceChildren(el("table", { class: "picker-levels" }, head, el("tbody", {}, rows)), el("div", { class: "picker-ranges" }, ranges), none);
}

// Dialogs

/** @type {Record<string, [string, (body: HTMLElement) => void]>} */
const CONTENTS = { "price-chart-indicators": ["Indicators", indicators], "price-chart-levels": ["Price levels", levels] };

document.addEventListener("click", (event) => {
  const dialog = /** @type {HTMLDialogElement | null} */ (document.getElementById("price-chart-picker"));
  const opener = closest(event, "#price-chart-indicators, #price-chart-levels");
  if (!dialog) return;
  if (event.target === dialog) dialog.close(); // beside it
  if (!opener) return;
  const [title, write] = CONTENTS[opener.id];
  const body = el("div", { class: "picker-body" });
  const close = el("button", { type: "button", class: "picker-button picker-icon", "aria-label": "Close" }, icon("close"));
  close.addEventListener("click", () => dialog.close());
  dialog.replaceChildren(el("div", { class: "picker" }, el("div", { class: "picker-head" }, el("h2", { text: title, id: "price-chart-picker-title" }), close), body));
  write(body);
  dialog.showModal();
});
