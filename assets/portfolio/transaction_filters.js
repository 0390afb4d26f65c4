/* Which transactions are listed, in which order: a bar of fields above the list. */
import { el } from "../ui/elements.js";
import { part } from "./entries.js";

const WAIT_MS = 250;
const TYPES = [["", "All types"], ["buy", "Buy"], ["sell", "Sell"], ["drop", "Drop"], ["trade", "Trade"], ["fee", "Fee"]];
/** Columns that are sorted by, the first way first.
 * @type {[string, string][]} */
export const SORTS = [["-time", "Date"], ["kind", "Type"], ["market_hash_name", "Item"], ["-quantity", "Quantity"], ["-price", "Price"], ["-total", "Total"]];
/** What is chosen; `since` and `until` are days. */
export const chosen = { kind: "", search: "", since: "", until: "", sort: "-time" };
let timer = 0;

/** A day's start in the reader's zone, with the zone.
 * @param {string} day @param {number} [later] */
export function dayStart(day, later = 0) {
  const [year, month, date] = day.split("-").map(Number);
  const start = new Date(year, month - 1, date + later);
  const minutes = -start.getTimezoneOffset();
  const two = (/** @type {number} */ number) => String(Math.trunc(Math.abs(number))).padStart(2, "0");
  const written = `${String(start.getFullYear()).padStart(4, "0")}-${two(start.getMonth() + 1)}-${two(start.getDate())}T${two(start.getHours())}:${two(start.getMinutes())}:00`;
  return `${written}${minutes < 0 ? "-" : "+"}${two(minutes / 60)}:${two(minutes % 60)}`;
}

/** The same as the route's query. */
export function query() {
  /** @type {Record<string, string>} */
  const found = chosen.sort === "-time" ? {} : { sort: chosen.sort };
  if (chosen.kind) found.kind = chosen.kind;
  if (chosen.search.trim()) found.search = chosen.search.trim();
  if (chosen.since) found.since = dayStart(chosen.since);
  if (chosen.until) found.until = dayStart(chosen.until, 1);
  return found;
}

export const narrowed = () => Boolean(chosen.kind || chosen.search.trim() || chosen.since || chosen.until);

/** The other way round where it is sorted so already.
 * @param {string} first */
export function turn(first) {
  const other = first.startsWith("-") ? first.slice(1) : `-${first}`;
  chosen.sort = chosen.sort === first ? other : first;
}

/** Everything, the newest first. */
export function reset() {
  Object.assign(chosen, { kind: "", search: "", since: "", until: "", sort: "-time" });
  part("filters").replaceChildren();
}

/** The bar, where it does not stand yet.
 * @param {() => void} changed */
export function draw(changed) {
  if (part("filters").childElementCount) return;
  /** @param {keyof typeof chosen} name @param {HTMLInputElement | HTMLSelectElement} control @param {string} label */
  const bound = (name, control, label) => {
    control.classList.add("portfolio-input");
    control.setAttribute("aria-label", label);
    control.value = chosen[name];
    control.addEventListener("input", () => {
      chosen[name] = control.value;
      clear.hidden = !narrowed();
      clearTimeout(timer);
      timer = setTimeout(changed, name === "search" ? WAIT_MS : 0);
    });
    return control;
  };
  const clear = el("button", { type: "button", class: "button", hidden: !narrowed(), text: "Clear", click: () => {
    const { sort } = chosen;
    reset();
    chosen.sort = sort;
    changed();
    draw(changed);
    part("filters").querySelector("input")?.focus();
  } });
  const options = (/** @type {string[][]} */ every) => every.map(([value, text]) => el("option", { value, text }));
  const sorts = SORTS.flatMap(([first, text]) => [[first, text], [first.startsWith("-") ? first.slice(1) : `-${first}`, `${text}, the other way`]]);
  part("filters").replaceChildren(
    bound("search", el("input", { type: "search", placeholder: "Item or note", maxlength: "200", autocomplete: "off" }), "Search transactions"),
    bound("kind", el("select", {}, options(TYPES)), "Show only"),
    el("label", { class: "portfolio-filter-day" }, "From", bound("since", el("input", { type: "date" }), "From day")),
    el("label", { class: "portfolio-filter-day" }, "to", bound("until", el("input", { type: "date" }), "To day")),
    bound("sort", el("select", { class: "portfolio-filter-sort" }, options(sorts)), "Sort transactions by"),
    clear,
  );
}
