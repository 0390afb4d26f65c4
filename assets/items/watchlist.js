/* The page of watchlists: tabs, rows with notes and targets, adding, taking away, files. See pages/watchlist.py. */
import * as api from "../ui/api.js";
import { csvFile, csvLines } from "../ui/csv.js";
import { clientside, setProps } from "../ui/dash.js";
import { closest, el, find, icon } from "../ui/elements.js";
import { formatCounted } from "../ui/format.js";
import { CARD, ROW } from "./cells.js";
import { applyColumns, chooseColumns, showCards, shownColumns, watchColumns } from "./columns.js";
import { askForm, isKnown, nameField, openDialog } from "./dialog.js";
import { currentGrid, narrow } from "./grid.js";
import { editEntry } from "./entry.js";
import { allLists, change, loadLists, reloadLists } from "./lists.js";
import { prepareRows } from "./rows.js";
import { shownTable } from "./shown.js";

const GRID = "watchlist-grid";
const KEPT = { key: "tracera:watchlist:columns", control: "watchlist-columns" };
const ON_CARDS = ["price", "target_price", "note", "percent_change", "return_volatility"];
const REFRESH = 60_000;
const prepared = new WeakSet();
/** Counts questions for rows: the answer to an older one is not shown.
 * @type {number} */
let asked = 0;
/** @type {Api.WatchedRow[]} */
let rows = [];

const onPage = () => Boolean(document.getElementById("watchlist-tabs"));
const parameter = (/** @type {string} */ name) => new URLSearchParams(window.location.search).get(name);
const windowNow = () => ["7d", "30d"].find((name) => name === parameter("window")) ?? "24h";

/** The list that the address names, else the first. */
const chosenList = () => allLists().find(({ id }) => String(id) === parameter("list")) ?? allLists()[0];

/** @param {Record<string, string | null>} values */
function address(values) {
  const query = new URLSearchParams(window.location.search);
  for (const [name, value] of Object.entries(values)) {
    if (value === null) query.delete(name);
    else query.set(name, value);
  }
  const text = query.toString();
  return `/watchlist${text ? `?${text}` : ""}`;
}

// What is shown

/** @param {string} state "none", "failed", or nothing where rows are shown @param {string} [words] */
function tell(state, words = "") {
  setProps("watchlist-state", { "data-state": state });
  setProps("watchlist-error", { children: words });
}

function drawTabs() {
  const place = document.getElementById("watchlist-tabs");
  if (!place) return;
  const chosen = chosenList();
  const tabs = allLists().map(({ id, name, items }) =>
    el("a", { href: address({ list: String(id) }), class: "watch-tab", "aria-current": id === chosen?.id ? "page" : null, "data-list": id }, name, el("span", { class: "watch-count", text: items.length })),
  );
  place.replaceChildren(...tabs, el("button", { type: "button", class: "watch-tab watch-new", "data-new-list": true }, icon("plus", 14), "New list"));
}

async function showRows() {
  const list = chosenList();
  if (!list || !onPage()) return;
  asked += 1;
  const question = asked;
  const ids = list.items.map(({ item_id }) => item_id);
  let found = /** @type {Api.ScreenerRow[]} */ ([]);
  if (ids.length) {
    /** @type {Api.Answer<{rows: Api.ScreenerRow[]}>} */
    const answer = await api.call("GET", `/api/v1/screener/items?ids=${ids.join(",")}&window=${windowNow()}`);
    if (question !== asked || !onPage()) return;
    if (!answer.ok) {
      // What stands there stays, with its age in each row.
      if (!rows.length) tell("failed", answer.data.error);
      return;
    }
    found = answer.data.rows;
  }
  const notes = new Map(list.items.map((entry) => [entry.item_id, entry]));
  rows = found.flatMap((row) => {
    const entry = notes.get(row.id);
    return entry ? [{ ...row, note: entry.note, target_price: entry.target_price, added_at: entry.added_at }] : [];
  });
  setProps(GRID, { rowData: rows });
  setProps("watchlist-total", { children: `${formatCounted(rows.length, "item", "items")}.` });
  tell(ids.length ? "" : "none");
}

async function show() {
  if (!onPage()) return;
  const wrong = await loadLists();
  if (!onPage()) return;
  if (wrong) {
    tell("failed", wrong);
    return;
  }
  drawTabs();
  await showRows();
}

document.addEventListener("tracera:watchlists", show);
window.addEventListener("popstate", () => setTimeout(show));
setInterval(() => !document.hidden && onPage() && showRows(), REFRESH);

// The grid

/** @param {GridApi} grid */
function shape(grid) {
  grid.setGridOption("rowHeight", narrow.matches ? CARD : ROW);
  grid.setGridOption("headerHeight", narrow.matches ? 0 : ROW);
  if (narrow.matches) showCards(grid);
  else {
    grid.resetColumnState();
    applyColumns(grid, KEPT);
    const sort = parameter("sort");
    if (sort) grid.applyColumnState({ state: [{ colId: sort.replace(/^-/, ""), sort: sort.startsWith("-") ? "desc" : "asc" }], defaultState: { sort: null } });
  }
  grid.refreshCells({ force: true });
  const element = document.getElementById(GRID);
  if (element) element.dataset.shaped = "";
}

/** @param {GridApi} grid */
function prepare(grid) {
  if (prepared.has(grid)) return;
  prepared.add(grid);
  shape(grid);
  prepareRows(grid);
  watchColumns(grid, KEPT);
  grid.addEventListener("sortChanged", () => {
    const column = grid.getColumnState().find((state) => state.sort);
    const sort = column ? (column.sort === "desc" ? "-" : "") + column.colId : null;
    if (onPage() && !narrow.matches && sort !== parameter("sort")) window.history.replaceState(window.history.state, "", address({ sort }));
  });
}

narrow.addEventListener("change", () => {
  const grid = onPage() ? currentGrid() : null;
  if (grid) shape(grid);
});

// Lists

function newList() {
  askForm("New list", "Make", [nameField("")], async ({ name }) => {
    const wrong = await change.make(name.trim());
    if (wrong) return wrong;
    const made = allLists().find((one) => one.name.toLowerCase() === name.trim().toLowerCase());
    if (made) window.history.pushState({}, "", address({ list: String(made.id) }));
    show();
    return null;
  });
}

function editList() {
  const list = chosenList();
  if (!list) return;
  const gone = el("button", { type: "button", class: "button", text: "Remove the list" });
  gone.addEventListener("click", async () => {
    if (!api.sure(gone, list.items.length ? `Remove it with ${formatCounted(list.items.length, "item", "items")}?` : "Remove it?")) return;
    const wrong = await change.drop(list.id);
    if (wrong) api.say(wrong, false);
    else {
      box.close();
      window.history.replaceState({}, "", address({ list: null }));
      show();
    }
  });
  const box = askForm("Edit list", "Save", [nameField(list.name)], ({ name }) => change.rename(list.id, name.trim()), allLists().length > 1 ? gone : null);
}

/** Items by any words, to be added. */
function addItem() {
  const list = chosenList();
  if (!list) return;
  const field = el("input", { type: "search", placeholder: "Name, finish or wear, in any order", "aria-label": "Search items to add", autocomplete: "off" });
  const found = el("div", { class: "watch-found" });
  let typed = 0;
  field.addEventListener("input", async () => {
    typed += 1;
    const mine = typed;
    const text = field.value.trim();
    /** @type {Api.Answer<Api.Item[]>} */
    const answer = text ? await api.call("GET", `/api/v1/items?${new URLSearchParams({ search: text, limit: "20" })}`) : { ok: true, status: 200, wait: null, data: [] };
    if (mine !== typed) return;
    if (!answer.ok) {
      found.replaceChildren(el("p", { class: "small-dialog-said", text: answer.data.error }));
      return;
    }
    const held = new Set(chosenList()?.items.map(({ item_id }) => item_id));
    const lines = answer.data.map(({ id, market_hash_name: name }) =>
      el("button", { type: "button", class: "menu-entry", disabled: held.has(id), "data-add": id }, el("span", { text: name }), el("span", { class: "muted", text: held.has(id) ? "on the list" : "" })),
    );
    found.replaceChildren(...lines, lines.length || !text ? "" : el("p", { class: "muted", text: "No item has all of these words in its name." }));
  });
  found.addEventListener("click", async (event) => {
    const line = /** @type {HTMLButtonElement | null} */ (closest(event, "[data-add]"));
    if (!line) return;
    line.disabled = true;
    const wrong = await change.put(list.id, Number(line.dataset.add), { note: "", target_price: null });
    if (wrong) api.say(wrong, false);
    find(line, ".muted").textContent = wrong ? "" : "added";
  });
  openDialog(`Add to ${list.name}`, field, found);
  field.focus();
}

// Files: what is shown, in the order in which it stands

/** @returns {unknown[][]} */
function table() {
  const grid = currentGrid();
  if (!grid) return [];
  const parts = ["name", ...(narrow.matches ? ON_CARDS : shownColumns(grid))].map((name) => grid.getColumnDef(name)?.context ?? []);
  /** @type {Api.ScreenerRow[]} */
  const ordered = [];
  for (let at = 0; at < grid.getDisplayedRowCount(); at += 1) {
    const data = grid.getDisplayedRowAtIndex(at)?.data;
    if (data) ordered.push(data);
  }
  return shownTable(ordered, parts, windowNow());
}

function save() {
  const url = URL.createObjectURL(csvFile(table()));
  const name = (chosenList()?.name || "watchlist").toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-");
  el("a", { href: url, download: `watchlist-${name}-${new Date().toISOString().slice(0, 10)}.csv` }).click();
  setTimeout(() => URL.revokeObjectURL(url), REFRESH);
}

async function copy() {
  const lines = csvLines(table(), "\t");
  if (!navigator.clipboard) {
    api.say("This browser copies over https only; CSV works here.", false);
    return;
  }
  await navigator.clipboard.writeText(lines.join("\n"));
  api.say(`${formatCounted(lines.length - 1, "row", "rows")} copied.`, true);
}

/** @type {Record<string, () => unknown>} */
const ACTIONS = { "#watchlist-add": addItem, "#watchlist-edit": editList, "#watchlist-csv": save, "#watchlist-copy": copy, "[data-new-list]": newList };

document.addEventListener("click", (event) => {
  const tab = closest(event, "[data-list]");
  if (tab && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    window.history.pushState({}, "", address({ list: String(tab.dataset.list) }));
    rows = [];
    show();
    return;
  }
  const edit = closest(event, "[data-watch-edit]");
  const row = edit && rows.find(({ id }) => String(id) === edit.dataset.watchEdit);
  const list = chosenList();
  if (row && list) editEntry(list, row);
  const action = Object.keys(ACTIONS).find((selector) => closest(event, selector));
  if (action && onPage()) ACTIONS[action]();
});

document.addEventListener("keydown", (event) => {
  const typing = closest(event, "input, textarea, select, [contenteditable], dialog");
  if (event.key !== "/" || !onPage() || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  addItem();
});

clientside.watchlist = {
  /** The page begins.
   * @param {string} window_ */
  begin(window_) {
    window.dash_ag_grid?.getApiAsync?.(GRID).then(prepare);
    if (window_ !== windowNow()) window.history.pushState({}, "", address({ window: window_ === "24h" ? null : window_ }));
    const known = setInterval(() => {
      if (!isKnown()) return;
      clearInterval(known);
      reloadLists().then((wrong) => (wrong ? tell("failed", wrong) : show()));
    }, 50);
    return window_;
  },

  /** @param {string[] | null} chosen */
  columns(chosen) {
    const grid = currentGrid();
    if (grid) chooseColumns(grid, chosen, KEPT);
    return clientside.no_update;
  },

  /** @param {number | null} clicks */
  retry(clicks) {
    if (clicks) show();
    return clientside.no_update;
  },
};
