/* The page of items: its address, keyboard, columns, copy. Called by pages/items.py's clientside callbacks. */
import { csvLines } from "../ui/csv.js";
import { clientside, setProps } from "../ui/dash.js";
import { go } from "../ui/navigation.js";
import { retry } from "../ui/retry.js";
import { CARD, ROW } from "./cells.js";

const GRID = "items-grid";
const COLUMNS_KEY = "tracera:items:columns";
const LISTS = ["weapon_type", "wear", "rarity", "source", "kind"];
const NUMBERS = ["price_min", "price_max", "change_min", "change_max", "volume_min"];
const PARAMETERS = { search: "q", weapon_type: "type" };
const DEFAULTS = { window: "24h", sort: "-turnover" };
const REFRESH = 60_000;
const TOLD = 4_000;
const prepared = new WeakSet();
const narrow = window.matchMedia("(max-width: 639px)");
let last = null; // the query on the screen, as JSON
let sort = null;
let restoring = false;
let told = 0;

const onPage = () => window.location.pathname === "/items";
const api = () => {
  const found = document.getElementById(GRID) && window.dash_ag_grid?.getApi?.(GRID);
  return found && !found.isDestroyed() ? found : null;
};
const controlId = (name) => `items-${name.replace("_min", "-min").replace("_max", "-max")}`;

// The address

function address(query) {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === null || value === "" || value === DEFAULTS[name] || (Array.isArray(value) && !value.length)) continue;
    parameters.set(PARAMETERS[name] || name, Array.isArray(value) ? value.join(",") : String(value));
  }
  const text = parameters.toString().replaceAll("%2C", ",");
  return `/items${text ? `?${text}` : ""}`;
}

/** A block of rows as the JSON route takes the question; a text of what went wrong where there is none. */
async function block(request, query) {
  const [model] = request.sortModel || [];
  const asked = { ...query, sort: model ? (model.sort === "desc" ? "-" : "") + model.colId : query.sort };
  const [, text] = address(asked).split("?");
  const range = `start=${request.startRow}&limit=${request.endRow - request.startRow}`;
  const reply = await fetch(`/api/v1/screener?${text ? `${text}&` : ""}${range}`);
  const answer = await reply.json();
  if (!reply.ok) throw new Error(answer.error);
  return answer;
}

function readAddress() {
  const parameters = new URLSearchParams(window.location.search);
  const of = (name) => parameters.get(PARAMETERS[name] || name);
  const query = { search: of("search") || "" };
  for (const name of LISTS) query[name] = (of(name) || "").split(",").filter(Boolean);
  for (const name of NUMBERS) query[name] = of(name) && Number.isFinite(Number(of(name))) ? Number(of(name)) : null;
  query.window = of("window") || DEFAULTS.window;
  query.sort = of("sort") || DEFAULTS.sort;
  return query;
}

/** Typing replaces the entry in the history, choosing adds one. */
function remember(query, previous) {
  const path = address(query);
  // A shared link may name the same in another order: no step in the history.
  if (!onPage() || path === address(readAddress())) return;
  const typed = previous && previous.search !== query.search;
  window.history[typed ? "replaceState" : "pushState"]({}, "", path);
}

window.addEventListener("popstate", () => {
  if (!onPage() || !document.getElementById("items-search")) return;
  restoring = true;
  const query = readAddress();
  for (const [name, value] of Object.entries(query)) {
    if (name !== "sort") setProps(controlId(name), { value: value ?? "" });
  }
  order(query.sort);
  setProps("items-sorted", { data: query.sort });
  setTimeout(() => (restoring = false), 300);
});

// The grid

function order(wanted) {
  const grid = api();
  if (!grid) return;
  const colId = wanted.replace(/^-/, "");
  grid.applyColumnState({ state: [{ colId, sort: wanted.startsWith("-") ? "desc" : "asc" }], defaultState: { sort: null } });
}

function orderOf(grid) {
  const column = grid.getColumnState().find((state) => state.sort);
  return column && (column.sort === "desc" ? "-" : "") + column.colId;
}

function refresh(toTop) {
  const grid = api();
  if (!grid) return;
  if (toTop && grid.getDisplayedRowCount()) grid.ensureIndexVisible(0, "top");
  grid.refreshInfiniteCache();
}

/** Cards or columns. A new grid has their heights from its theme: setting them asks for all rows once more. */
function shape(grid, isNew) {
  const small = narrow.matches;
  if (!isNew) {
    grid.setGridOption("rowHeight", small ? CARD : ROW);
    grid.setGridOption("headerHeight", small ? 0 : ROW);
  }
  if (small) {
    const state = grid.getColumnState().map(({ colId }) => ({ colId, hide: colId !== "name", pinned: null, flex: colId === "name" ? 1 : null }));
    grid.applyColumnState({ state });
  } else {
    if (!isNew) grid.resetColumnState();
    const saved = savedColumns();
    if (saved.length) grid.applyColumnState({ state: saved, applyOrder: true });
    if (!isNew) order(sort);
  }
  if (!isNew) grid.refreshCells({ force: true });
  const element = document.getElementById(GRID);
  if (element) element.dataset.shaped = "";
  showColumns(grid);
}

function savedColumns() {
  try {
    const saved = JSON.parse(window.localStorage.getItem(COLUMNS_KEY));
    return Array.isArray(saved) ? saved : [];
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof DOMException) return [];
    throw error;
  }
}

function saveColumns(grid) {
  if (narrow.matches) return;
  const state = grid.getColumnState().map(({ colId, hide, width, flex }) => ({ colId, hide, ...(flex ? { flex } : { width }) }));
  try {
    window.localStorage.setItem(COLUMNS_KEY, JSON.stringify(state));
  } catch (error) {
    if (!(error instanceof DOMException)) throw error; // a full or forbidden store: the choice lasts as long as the page
  }
  showColumns(grid);
}

const shown = (grid) => grid.getColumnState().filter(({ colId, hide }) => !hide && colId !== "name").map(({ colId }) => colId);
function showColumns(grid) {
  if (!narrow.matches) setProps("items-columns", { value: shown(grid) });
}

function prepare(grid) {
  if (prepared.has(grid)) return;
  prepared.add(grid);
  sort = orderOf(grid);
  // Its row model takes options only once it has a source of rows.
  const first = () => {
    grid.removeEventListener("modelUpdated", first);
    setTimeout(() => !grid.isDestroyed() && shape(grid, true));
  };
  grid.addEventListener("modelUpdated", first);
  grid.addEventListener("columnMoved", (event) => event.finished && saveColumns(grid));
  grid.addEventListener("columnResized", (event) => event.finished && event.source !== "api" && event.source !== "flex" && saveColumns(grid));
  grid.addEventListener("sortChanged", () => {
    const now = orderOf(grid);
    if (!now || now === sort) return;
    sort = now;
    if (!restoring) setProps("items-sorted", { data: now });
    if (grid.getDisplayedRowCount()) grid.ensureIndexVisible(0, "top");
  });
  grid.addEventListener("cellKeyDown", ({ event, data }) => {
    if (event.key === "Enter" && data) go(`/item/${data.id}`);
  });
  grid.addEventListener("rowDoubleClicked", ({ data }) => data && go(`/item/${data.id}`));
}

narrow.addEventListener("change", () => {
  const grid = api();
  if (grid) shape(grid, false);
});

setInterval(() => {
  if (!document.hidden && onPage() && !document.querySelector(`#${GRID}:hover`)) refresh(false);
}, REFRESH);

/** On a first start prices come before measures; where the first row has none, they are on their way or nowhere. */
const unmeasured = () => onPage() && api()?.getDisplayedRowAtIndex(0)?.data?.percent_change === null;
retry(unmeasured, () => refresh(false));

document.addEventListener("keydown", (event) => {
  const field = /** @type {HTMLInputElement | null} */ (document.getElementById("items-search"));
  const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
  if (event.key !== "/" || !field || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  field.focus();
  field.select();
});

// Copy what is shown: the loaded rows, the visible columns, as a spreadsheet takes them.

function tell(text) {
  clearTimeout(told);
  told = setTimeout(() => setProps("items-copied", { children: "" }), TOLD);
  return text;
}

function table(grid) {
  const columns = ["name", ...shown(grid)].filter((name) => name !== "sparkline");
  const rows = [columns];
  grid.forEachNode(({ data }) => {
    if (data) rows.push(columns.map((name) => (name === "price" && data.price !== null ? data.price / data.scale : name === "at" ? data.source : data[name])));
  });
  return csvLines(rows, "\t");
}

// Labels of the menus

const LABELS = ["weapon_type", "wear", "rarity"];
const span = (least, most, sign) =>
  least === null && most === null ? "" : most === null ? `\u2265 ${sign(least)}` : least === null ? `\u2264 ${sign(most)}` : `${sign(least)} \u2013 ${sign(most)}`;
function label(name, text) {
  setProps(`items-${name}-label`, { children: text });
  document.getElementById(`items-${name}-button`)?.classList.toggle("is-set", Boolean(text));
}
function labels(query) {
  for (const name of LABELS) label(name, query[name].length > 1 ? String(query[name].length) : query[name][0] || "");
  label("price", span(query.price_min, query.price_max, (value) => `$${value}`));
  label("change", span(query.change_min, query.change_max, (value) => `${value} %`));
  const more = query.kind.length + query.source.length + (query.volume_min === null ? 0 : 1);
  label("more", more ? String(more) : "");
  const any = LISTS.some((name) => query[name].length) || NUMBERS.some((name) => query[name] !== null) || query.search;
  document.getElementById("items-clear")?.classList.toggle("is-hidden", !any);
}

const number = (value) => (value === "" || value === null || value === undefined || !Number.isFinite(Number(value)) ? null : Number(value));

clientside.items = {
  /** The controls as one query; the page's address follows. */
  query(search, weapon_type, wear, rarity, source, kind, price_min, price_max, change_min, change_max, volume_min, window_, sorted) {
    const lists = { weapon_type, wear, rarity, source, kind };
    const query = { search: (search || "").trim() };
    for (const name of LISTS) query[name] = lists[name] || [];
    Object.assign(query, { price_min: number(price_min), price_max: number(price_max), change_min: number(change_min), change_max: number(change_max) });
    Object.assign(query, { volume_min: number(volume_min), window: window_, sort: sorted });
    const text = JSON.stringify(query);
    const previous = last === null ? null : JSON.parse(last);
    labels(query);
    if (previous && !restoring) remember(query, previous);
    last = text;
    return query;
  },

  /** A new query: ask again, keep what is shown until the answer comes. */
  ask(query, before) {
    window.dash_ag_grid?.getApiAsync?.(GRID).then(prepare);
    const { sort: _now, ...rest } = query;
    const { sort: _then, ...old } = before || rest;
    if (JSON.stringify(rest) !== JSON.stringify(old)) refresh(true);
    return query;
  },

  /** Rows for the grid, their number, and what stands in their place where there are none. */
  async rows(request, query) {
    const nothing = clientside.no_update;
    if (!request) return [nothing, nothing, nothing, nothing];
    try {
      const { rows, total } = await block(request, query);
      const words = `${total.toLocaleString("en")} ${total === 1 ? "item" : "items"}`;
      return [{ rowData: rows, rowCount: total }, words, total ? "" : "none", ""];
    } catch (error) {
      // A TypeError is fetch's way to say that the server does not answer, a SyntaxError a proxy's page instead of JSON.
      const silent = error instanceof TypeError || error instanceof SyntaxError;
      const why = silent ? "The server does not answer. It is asked again when you try." : `${error.message[0].toUpperCase()}${error.message.slice(1)}.`;
      return [{ rowData: [], rowCount: 0 }, "", "failed", why];
    }
  },

  retry(clicks) {
    if (clicks) refresh(true);
    return clientside.no_update;
  },

  columns(chosen) {
    const grid = api();
    if (!grid || narrow.matches || !chosen) return clientside.no_update;
    const all = grid.getColumnState().map(({ colId }) => colId).filter((name) => name !== "name");
    const now = shown(grid);
    if (chosen.length === now.length && chosen.every((name) => now.includes(name))) return clientside.no_update;
    grid.setColumnsVisible(all.filter((name) => !chosen.includes(name)), false);
    grid.setColumnsVisible(chosen, true);
    saveColumns(grid);
    return clientside.no_update;
  },

  resort(chosen) {
    if (chosen) order(chosen);
    return clientside.no_update;
  },

  clear(clicks) {
    if (!clicks) return clientside.no_update;
    for (const name of [...LISTS, ...NUMBERS, "search"]) setProps(controlId(name), { value: LISTS.includes(name) ? [] : "" });
    return clientside.no_update;
  },

  async copy(clicks) {
    const grid = api();
    if (!clicks || !grid) return clientside.no_update;
    const lines = table(grid);
    // Browsers lend the clipboard to pages from https and localhost alone.
    if (!navigator.clipboard) return tell("This browser copies over https only; CSV works here");
    await navigator.clipboard.writeText(lines.join("\n"));
    const [copied, all] = [lines.length - 1, grid.getDisplayedRowCount()];
    return tell(copied < all ? `${copied} loaded rows copied; CSV holds all ${all}` : `${copied} rows copied`);
  },
};
