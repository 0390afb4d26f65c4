/* The tab of transactions (components/portfolio/transactions.py): the list, page by page, and taking an entry out again.
   The form and the files have scripts of their own. */
import * as api from "../ui/api.js";
import { clientside } from "../ui/dash.js";
import { el, icon } from "../ui/elements.js";
import { formatCount, money } from "../ui/format.js";
import { ROOT, part, route, shown } from "./entries.js";
import { unitOf } from "./fields.js";
import { moment } from "./figures.js";
import { openFile } from "./files.js";
import * as form from "./form.js";

const PAGE = 50;
const NAMES = { buy: "Buy", sell: "Sell", drop: "Drop", trade: "Trade", fee: "Fee" };
const state = { cursors: [null], asked: 0, gone: null };

const kindOf = (row) => (row.kind === "trade" ? (row.quantity > 0 ? "Trade in" : "Trade out") : NAMES[row.kind]);
const incoming = (row) => row.kind === "sell" || (row.kind === "trade" && row.quantity < 0);

/** What it cost or brought in all, the fee counted. */
function total(row) {
  const whole = row.price * (row.kind === "fee" ? 1 : Math.abs(row.quantity));
  return incoming(row) ? whole - row.fee : whole + row.fee;
}

function what(row) {
  return row.kind === "fee" ? "fee" : `${kindOf(row).toLowerCase()} of ${Math.abs(row.quantity)} \u00d7 ${row.market_hash_name}`;
}

function line(row) {
  const unit = unitOf(row.currency);
  const name = row.item_id ? el("a", { href: `/item/${row.item_id}`, "data-inner": true, text: row.market_hash_name }) : row.market_hash_name;
  const remove = el("button", { type: "button", class: "portfolio-quiet", "aria-label": `Delete ${what(row)}`, text: "Delete", click: () => take(row, remove) });
  const cell = (label, ...content) => el("td", { role: "cell", "data-label": label }, ...content);
  const figure = (value) => money(value, unit);
  return el(
    "tr",
    { role: "row" },
    cell("Date", moment(row)),
    cell("Type", el("span", { class: `portfolio-kind portfolio-kind-${row.kind}`, text: kindOf(row) })),
    el("th", { role: "rowheader", scope: "row", "data-label": "Item", title: row.market_hash_name || "" }, name || "", row.note && el("span", { class: "portfolio-row-note", text: row.note })),
    cell("Quantity", row.kind === "fee" ? "" : formatCount(Math.abs(row.quantity))),
    cell("Price", row.kind === "drop" ? "" : figure(row.price)),
    cell("Fee", row.fee ? figure(row.fee) : ""),
    cell("Total", row.kind === "drop" ? "" : figure(total(row))),
    cell("", remove),
  );
}

const COLUMNS = ["Date", "Type", "Item", "Quantity", "Price", "Fee", "Total"];

function table(rows) {
  const heads = [...COLUMNS.map((name) => el("th", { scope: "col", role: "columnheader", text: name })), el("th", { scope: "col", role: "columnheader" }, el("span", { class: "portfolio-hidden", text: "Delete" }))];
  return el(
    "table",
    { class: "portfolio-entries", role: "table", "aria-label": "Transactions, newest first" },
    el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, heads)),
    el("tbody", { role: "rowgroup" }, rows.map(line)),
  );
}

function nothing() {
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

function failed(message) {
  const again = el("button", { type: "button", class: "button", text: "Try again", click: () => load() });
  return el("div", { class: "state state-error", role: "alert" }, icon("alert", 28), el("p", { class: "state-title", text: "Transactions cannot be shown right now" }), el("div", { class: "state-text", text: message }), el("div", { class: "state-action" }, again));
}

function pager(rows, more) {
  const go = (cursors) => {
    state.cursors = cursors;
    load().then(() => part("list").scrollIntoView({ block: "nearest" }));
  };
  const [newer, older] = [state.cursors.slice(0, -1), [...state.cursors, rows.at(-1)?.id]];
  const button = (text, off, click) => el("button", { type: "button", class: "button", disabled: off, text, click });
  const first = (state.cursors.length - 1) * PAGE;
  return el(
    "nav",
    { class: "portfolio-pager", "aria-label": "Pages of transactions" },
    button("Newer", !newer.length, () => go(newer)),
    el("span", { class: "muted", text: `${formatCount(first + 1)} to ${formatCount(first + rows.length)}` }),
    button("Older", !more, () => go(older)),
  );
}

async function load() {
  const mine = (state.asked += 1);
  const list = part("list");
  list.setAttribute("aria-busy", "true");
  const before = state.cursors.at(-1);
  const answer = await api.call("GET", route("/portfolio/transactions", { limit: PAGE + 1, ...(before && { before }) }));
  if (mine !== state.asked || !list.isConnected) return;
  list.removeAttribute("aria-busy");
  if (!answer.ok) {
    list.replaceChildren(failed(answer.data.error));
    return;
  }
  const rows = answer.data.slice(0, PAGE);
  if (!rows.length && state.cursors.length > 1) {
    state.cursors.pop(); // the last one of this page is gone
    await load();
    return;
  }
  const paged = answer.data.length > PAGE || state.cursors.length > 1;
  list.replaceChildren(...(rows.length ? [table(rows)] : [nothing()]), ...(paged ? [pager(rows, answer.data.length > PAGE)] : []));
}

/** Delete at the second click; it can be taken back until the next one. */
async function take(row, button) {
  if (!api.sure(button, "Really?")) return;
  button.disabled = true;
  const answer = await api.call("DELETE", route(`/portfolio/transactions/${row.id}`));
  if (!answer.ok) {
    button.disabled = false;
    api.say(answer.data.error, false);
    return;
  }
  const back = el("button", { type: "button", class: "button", text: "Undo", click: () => restore(row, back) });
  part("undo").replaceChildren(el("span", { text: `Deleted: ${what(row)}.` }), back);
  back.focus();
  api.changed();
}

async function restore(row, button) {
  button.disabled = true;
  const { id, item_id, ...kept } = row;
  const answer = await api.call("POST", route("/portfolio/transactions"), { transactions: [kept] });
  if (!answer.ok) {
    button.disabled = false;
    api.say(answer.data.error, false);
    return;
  }
  part("undo").replaceChildren(el("span", { text: "It is back." }));
  document.querySelector(`#${ROOT} [data-portfolio-add]`).focus();
  api.changed();
}

clientside.portfolioTransactions = {
  show(tab, version, portfolio) {
    const root = document.getElementById(ROOT);
    if (tab !== "transactions" || !root) return clientside.no_update;
    if (portfolio !== shown.portfolio || !root.dataset.shown) {
      shown.portfolio = portfolio;
      state.cursors = [null];
      part("undo").replaceChildren();
      form.close();
    }
    root.dataset.shown = "true";
    for (const link of root.querySelectorAll("[data-export]")) link.setAttribute("href", route("/portfolio/export", { format: link.dataset.export }));
    load();
    return clientside.no_update;
  },
};

document.addEventListener("click", (event) => {
  if (event.target.closest?.("[data-portfolio-add]")) form.toggle();
  const opener = event.target.closest?.("[data-portfolio-file]");
  if (opener) openFile(opener.dataset.portfolioFile);
});

