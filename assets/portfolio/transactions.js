/* The tab of transactions (components/portfolio/transactions.py): the list, page by page, and what is selected of it.
   The bar of filters, the form, deletions and the files have scripts of their own. */
import * as api from "../ui/api.js";
import { clientside } from "../ui/dash.js";
import { closest, el, icon } from "../ui/elements.js";
import { formatCount, formatCounted, money } from "../ui/format.js";
import { remove } from "./deletion.js";
import { ROOT, part, route, shown } from "./entries.js";
import { unitOf } from "./fields.js";
import { moment } from "./figures.js";
import { openFile } from "./files.js";
import * as form from "./form.js";
import * as filters from "./transaction_filters.js";

const PAGE = 50;
const NAMES = { buy: "Buy", sell: "Sell", drop: "Drop", trade: "Trade", fee: "Fee" };
const state = { offset: 0, asked: 0, selected: /** @type {Set<number>} */ (new Set()) };

/** @param {Api.Transaction} row */
const kindOf = (row) => (row.kind === "trade" ? (row.quantity > 0 ? "Trade in" : "Trade out") : NAMES[row.kind]);
/** @param {Api.Transaction} row */
const incoming = (row) => row.kind === "sell" || (row.kind === "trade" && row.quantity < 0);

/** What it cost or brought in all, the fee counted.
 * @param {Api.Transaction} row */
function total(row) {
  const whole = row.price * (row.kind === "fee" ? 1 : Math.abs(row.quantity));
  return incoming(row) ? whole - row.fee : whole + row.fee;
}

/** @param {Api.Transaction} row */
function what(row) {
  return row.kind === "fee" ? "fee" : `${kindOf(row).toLowerCase()} of ${Math.abs(row.quantity)} \u00d7 ${row.market_hash_name}`;
}

/** @param {Api.Transaction} row */
function line(row) {
  const unit = unitOf(row.currency);
  const name = row.item_id ? el("a", { href: `/item/${row.item_id}`, "data-inner": true, text: row.market_hash_name }) : row.market_hash_name;
  /** @param {string} text @param {(button: HTMLButtonElement) => void} click */
  const act = (text, click) => {
    /** @type {HTMLButtonElement} */
    const button = el("button", { type: "button", class: "portfolio-quiet", "aria-label": `${text} ${what(row)}`, text, click: () => click(button) });
    return button;
  };
  const cell = (/** @type {string} */ label, /** @type {Child[]} */ ...content) => el("td", { role: "cell", "data-label": label }, ...content);
  const figure = (/** @type {number} */ value) => money(value, unit);
  return el(
    "tr",
    { role: "row", "data-id": row.id, "aria-selected": String(state.selected.has(row.id)) },
    cell("Date", tick(row), moment(row)),
    cell("Type", el("span", { class: `portfolio-kind portfolio-kind-${row.kind}`, text: kindOf(row) })),
    el("th", { role: "rowheader", scope: "row", "data-label": "Item", title: row.market_hash_name || "" }, name || "", row.note && el("span", { class: "portfolio-row-note", text: row.note })),
    cell("Quantity", row.kind === "fee" ? "" : formatCount(Math.abs(row.quantity))),
    cell("Price", row.kind === "drop" ? "" : figure(row.price)),
    cell("Fee", row.fee ? figure(row.fee) : ""),
    cell("Total", row.kind === "drop" ? "" : figure(total(row))),
    el("td", { role: "cell", class: "portfolio-row-acts" }, act("Edit", () => form.change(row)), act("Duplicate", () => form.copy(row)), act("Delete", (button) => take([row.id], what(row), button))),
  );
}

/** @param {Api.Transaction} row */
function tick(row) {
  /** @type {HTMLInputElement} */
  const box = el("input", { type: "checkbox", checked: state.selected.has(row.id), "aria-label": `Select ${what(row)}`, change: () => select([row.id], box.checked) });
  return el("label", { class: "portfolio-tick" }, box);
}

/** @param {number[]} ids @param {boolean} on */
function select(ids, on) {
  for (const id of ids) {
    if (on) state.selected.add(id);
    else state.selected.delete(id);
  }
  for (const row of part("list").querySelectorAll("tr[data-id]")) {
    const marked = state.selected.has(Number(row.dataset.id));
    row.setAttribute("aria-selected", String(marked));
    const box = /** @type {HTMLInputElement} */ (row.querySelector(".portfolio-tick input"));
    box.checked = marked;
  }
  selection();
}

/** What can be done with what is selected, on all pages. */
function selection() {
  const ids = [...state.selected];
  /** @type {HTMLButtonElement} */
  const button = el("button", { type: "button", class: "button", text: "Delete", click: () => take(ids, formatCounted(ids.length, "transaction", "transactions"), button) });
  const none = el("button", { type: "button", class: "button", text: "Select none", click: () => select(ids, false) });
  part("selection").replaceChildren(...(ids.length ? [el("span", { text: `${formatCount(ids.length)} selected` }), el("span", { class: "portfolio-answers" }, none, button)] : []));
  const all = /** @type {HTMLInputElement | null} */ (document.querySelector(`#${ROOT} [data-select-all]`));
  const rows = [...part("list").querySelectorAll("tr[data-id]")];
  const marked = rows.filter((row) => state.selected.has(Number(row.dataset.id))).length;
  if (all) Object.assign(all, { checked: marked > 0 && marked === rows.length, indeterminate: marked > 0 && marked < rows.length });
}

/** @param {number[]} ids @param {string} what @param {HTMLButtonElement} button */
async function take(ids, what, button) {
  if (await remove(ids, what, button)) select(ids, false);
}

/** The heads; each but the fee's sorts.
 * @param {Api.Transaction[]} rows */
function heads(rows) {
  /** @type {HTMLInputElement} */
  const all = el("input", { type: "checkbox", "data-select-all": true, "aria-label": "Select all of this page", change: () => select(rows.map((row) => row.id), all.checked) });
  const made = filters.SORTS.map(([first, text]) => {
    const sorted = filters.chosen.sort.replace("-", "") === first.replace("-", "");
    const down = filters.chosen.sort.startsWith("-");
    const button = el("button", { type: "button", class: "portfolio-sort", "data-sort": first, click: () => sortBy(first) }, `${text}${sorted ? (down ? " \u25be" : " \u25b4") : ""}`);
    return el("th", { scope: "col", role: "columnheader", "aria-sort": sorted ? (down ? "descending" : "ascending") : "none" }, text === "Date" ? el("label", { class: "portfolio-tick" }, all) : null, button);
  });
  made.splice(5, 0, el("th", { scope: "col", role: "columnheader", text: "Fee" }));
  return [...made, el("th", { scope: "col", role: "columnheader" }, el("span", { class: "portfolio-hidden", text: "What can be done" }))];
}

/** @param {string} first */
function sortBy(first) {
  filters.turn(first);
  const choice = /** @type {HTMLSelectElement | null} */ (part("filters").querySelector(".portfolio-filter-sort"));
  if (choice) choice.value = filters.chosen.sort;
  state.offset = 0;
  load().then(() => part("list").querySelector(`[data-sort="${first}"]`)?.focus());
}

/** @param {Api.Transaction[]} rows */
function table(rows) {
  return el(
    "table",
    { class: "portfolio-entries", role: "table", "aria-label": "Transactions" },
    el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, heads(rows))),
    el("tbody", { role: "rowgroup" }, rows.map(line)),
  );
}

function nothing() {
  if (filters.narrowed()) return el("p", { class: "portfolio-none", text: "No transaction matches." });
  const button = el("button", { type: "button", class: "button button-filled", text: "Add a transaction", click: () => form.open() });
  return el(
    "div",
    { class: "state state-empty" },
    icon("inbox", 28),
    el("p", { class: "state-title", text: "No transactions yet" }),
    el("div", { class: "state-text", text: "Record what you paid, or import it from a file, and profit appears beside the value." }),
    el("div", { class: "state-action" }, button),
  );
}

/** @param {string} message */
function failed(message) {
  const again = el("button", { type: "button", class: "button", text: "Try again", click: () => load() });
  return el("div", { class: "state state-error", role: "alert" }, icon("alert", 28), el("p", { class: "state-title", text: "Transactions cannot be shown right now" }), el("div", { class: "state-text", text: message }), el("div", { class: "state-action" }, again));
}

/** @param {number} count @param {boolean} more */
function pager(count, more) {
  /** @param {string} text @param {number} offset @param {boolean} off */
  const button = (text, offset, off) => el("button", { type: "button", class: "button", disabled: off, text, click: () => {
    state.offset = offset;
    load().then(() => part("list").scrollIntoView({ block: "nearest" }));
  } });
  const byTime = filters.chosen.sort === "-time";
  return el(
    "nav",
    { class: "portfolio-pager", "aria-label": "Pages of transactions" },
    button(byTime ? "Newer" : "Back", Math.max(0, state.offset - PAGE), !state.offset),
    el("span", { class: "muted", text: `${formatCount(state.offset + 1)} to ${formatCount(state.offset + count)}` }),
    button(byTime ? "Older" : "Next", state.offset + PAGE, !more),
  );
}

async function load() {
  const mine = (state.asked += 1);
  const list = part("list");
  list.setAttribute("aria-busy", "true");
  /** @type {Api.Answer<Api.Transaction[]>} */
  const answer = await api.call("GET", route("/portfolio/transactions", { limit: String(PAGE + 1), offset: String(state.offset), ...filters.query() }));
  if (mine !== state.asked || !list.isConnected) return;
  list.removeAttribute("aria-busy");
  if (!answer.ok) {
    list.replaceChildren(failed(answer.data.error));
    return;
  }
  const rows = answer.data.slice(0, PAGE);
  if (!rows.length && state.offset) {
    state.offset = Math.max(0, state.offset - PAGE); // the last one of this page is gone
    await load();
    return;
  }
  const paged = answer.data.length > PAGE || state.offset > 0;
  if (rows.length || filters.narrowed()) filters.draw(again);
  list.replaceChildren(...(rows.length ? [table(rows)] : [nothing()]), ...(paged ? [pager(rows.length, answer.data.length > PAGE)] : []));
  selection();
}

/** Others are wanted: what is selected of those before is let go. */
function again() {
  state.offset = 0;
  state.selected.clear();
  load();
}

clientside.portfolioTransactions = {
  /** @param {string} tab @param {number} version @param {number | null} portfolio */
  show(tab, version, portfolio) {
    const root = document.getElementById(ROOT);
    if (tab !== "transactions" || !root) return clientside.no_update;
    if (portfolio !== shown.portfolio || !root.dataset.shown) {
      shown.portfolio = portfolio;
      state.offset = 0;
      state.selected.clear();
      filters.reset();
      part("undo").replaceChildren();
      form.close();
    }
    root.dataset.shown = "true";
    for (const link of root.querySelectorAll("[data-export]")) link.setAttribute("href", route("/portfolio/export", { format: String(link.dataset.export) }));
    load();
    return clientside.no_update;
  },
};

document.addEventListener("click", (event) => {
  if (closest(event, "[data-portfolio-add]")) form.toggle();
  const opener = closest(event, "[data-portfolio-file]");
  if (!opener) return;
  const id = document.querySelector("[data-portfolio-id]")?.dataset.portfolioId; // the tab may never have been open
  shown.portfolio = id ? Number(id) : null;
  openFile(/** @type {Parameters<typeof openFile>[0]} */ (opener.dataset.portfolioFile), opener.closest(".menu") ? null : opener);
});

