/* The page of items: its address, keyboard, columns, copy. Called by pages/items.py's clientside callbacks. */
import { csvLines } from "../ui/csv.js";
import { clientside, setProps } from "../ui/dash.js";
import { closest } from "../ui/elements.js";
import { retry } from "../ui/retry.js";
import { CARD, ROW } from "./cells.js";
import { applyColumns, chooseColumns, columnsOfAddress, showCards, shownColumns, watchColumns } from "./columns.js";
import { currentGrid as api, narrow } from "./grid.js";
import { prepareRows } from "./rows.js";
import { clickedScreen, drawScreens, saveScreen } from "./screens.js";
import { shownTable } from "./shown.js";

const GRID = "items-grid";
const KEPT = { key: "tracera:items:columns", control: "items-columns" };
/** @type {("weapon_type" | "wear" | "rarity" | "source" | "kind")[]} */
const LISTS = ["weapon_type", "wear", "rarity", "source", "kind"];
/** @type {("price_min" | "price_max" | "change_min" | "change_max" | "volume_min")[]} */
const NUMBERS = ["price_min", "price_max", "change_min", "change_max", "volume_min"];
/** @type {Record<string, string>} */
const PARAMETERS = { search: "q", weapon_type: "type" };
/** @type {Record<string, string>} */
const DEFAULTS = { window: "24h", sort: "-turnover" };
const ON_CARDS = ["price", "percent_change", "return_volatility"];
const REFRESH = 60_000;
const TOLD = 4_000;
const prepared = new WeakSet();
/** @type {string | null} */
let last = null; // the query on the screen, as JSON
/** @type {string | null | undefined} */
let sort = null;
let restoring = false;
let told = 0;

const onPage = () => window.location.pathname === "/items";
/** @param {string} name */
const controlId = (name) => `items-${name.replace("_min", "-min").replace("_max", "-max")}`;

// The address

/** The query as parameters of the address and of the JSON route. @param {Api.ItemsQuery} query */
function parametersOf(query) {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === null || value === "" || value === DEFAULTS[name] || (Array.isArray(value) && !value.length)) continue;
    parameters.set(PARAMETERS[name] || name, Array.isArray(value) ? value.join(",") : String(value));
  }
  return parameters;
}

/** @param {Api.ItemsQuery} query @param {string[]} columns */
function address(query, columns) {
  const parameters = parametersOf(query);
  if (columns.length) parameters.set("columns", columns.join(","));
  const text = parameters.toString().replaceAll("%2C", ",");
  return `/items${text ? `?${text}` : ""}`;
}

/** A block of rows as the JSON route takes the question; a text of what went wrong where there is none.
 * @param {GridRequest} request @param {Api.ItemsQuery} query @returns {Promise<Api.ScreenerBlock>} */
async function block(request, query) {
  const [model] = request.sortModel || [];
  const asked = { ...query, sort: model ? (model.sort === "desc" ? "-" : "") + model.colId : query.sort };
  const parameters = parametersOf(asked);
  parameters.set("start", String(request.startRow));
  parameters.set("limit", String(request.endRow - request.startRow));
  const reply = await fetch(`/api/v1/screener?${parameters}`);
  const answer = await reply.json();
  if (!reply.ok) throw new Error(answer.error);
  return answer;
}

/** A query without filters.
 * @param {string} search @param {string} window @param {string} sort @returns {Api.ItemsQuery} */
const emptyQuery = (search, window, sort) => ({
  search, weapon_type: [], wear: [], rarity: [], source: [], kind: [], price_min: null, price_max: null, change_min: null, change_max: null, volume_min: null, window, sort,
});

/** @returns {Api.ItemsQuery} */
function readAddress() {
  const parameters = new URLSearchParams(window.location.search);
  const of = (/** @type {string} */ name) => parameters.get(PARAMETERS[name] || name);
  const query = emptyQuery(of("search") || "", of("window") || DEFAULTS.window, of("sort") || DEFAULTS.sort);
  for (const name of LISTS) query[name] = (of(name) || "").split(",").filter(Boolean);
  for (const name of NUMBERS) query[name] = of(name) && Number.isFinite(Number(of(name))) ? Number(of(name)) : null;
  return query;
}

/** Typing replaces the entry in the history, choosing adds one.
 * @param {Api.ItemsQuery} query @param {Api.ItemsQuery} previous */
function remember(query, previous) {
  const columns = columnsOfAddress();
  const path = address(query, columns);
  // A shared link may name the same in another order: no step in the history.
  if (!onPage() || path === address(readAddress(), columns)) return;
  const typed = previous && previous.search !== query.search;
  window.history[typed ? "replaceState" : "pushState"]({}, "", path);
}

/** Set the controls to what the address says. */
function restore() {
  if (!onPage() || !document.getElementById("items-search")) return;
  restoring = true;
  const query = readAddress();
  for (const [name, value] of Object.entries(query)) {
    if (name !== "sort") setProps(controlId(name), { value: value ?? "" });
  }
  order(query.sort);
  setProps("items-sorted", { data: query.sort });
  const grid = api();
  if (grid) applyColumns(grid, KEPT);
  setTimeout(() => (restoring = false), 300);
  drawScreens();
}

window.addEventListener("popstate", restore);
document.addEventListener("click", (event) => {
  const path = clickedScreen(event);
  if (path) {
    window.history.pushState({}, "", path);
    restore();
  } else if (closest(event, "#items-save")) {
    const grid = api();
    saveScreen(grid && !narrow.matches ? shownColumns(grid) : []);
  }
});

// The grid

/** @param {string} wanted */
function order(wanted) {
  const grid = api();
  if (!grid) return;
  const colId = wanted.replace(/^-/, "");
  grid.applyColumnState({ state: [{ colId, sort: wanted.startsWith("-") ? "desc" : "asc" }], defaultState: { sort: null } });
}

/** @param {GridApi} grid */
function orderOf(grid) {
  const column = grid.getColumnState().find((state) => state.sort);
  return column && (column.sort === "desc" ? "-" : "") + column.colId;
}

/** @param {boolean} toTop */
function refresh(toTop) {
  const grid = api();
  if (!grid) return;
  if (toTop && grid.getDisplayedRowCount()) grid.ensureIndexVisible(0, "top");
  grid.refreshInfiniteCache();
}

/** Cards or columns. A new grid has their heights from its theme: setting them asks for all rows once more.
 * @param {GridApi} grid @param {boolean} isNew */
function shape(grid, isNew) {
  const small = narrow.matches;
  if (!isNew) {
    grid.setGridOption("rowHeight", small ? CARD : ROW);
    grid.setGridOption("headerHeight", small ? 0 : ROW);
  }
  if (small) showCards(grid);
  else {
    if (!isNew) grid.resetColumnState();
    applyColumns(grid, KEPT);
    if (!isNew && sort) order(sort);
  }
  if (!isNew) grid.refreshCells({ force: true });
  const element = document.getElementById(GRID);
  if (element) element.dataset.shaped = "";
}

/** @param {GridApi} grid */
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
  watchColumns(grid, KEPT);
  grid.addEventListener("sortChanged", () => {
    const now = orderOf(grid);
    if (!now || now === sort) return;
    sort = now;
    if (!restoring) setProps("items-sorted", { data: now });
    if (grid.getDisplayedRowCount()) grid.ensureIndexVisible(0, "top");
  });
  prepareRows(grid);
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
  const typing = closest(event, "input, textarea, select, [contenteditable]");
  if (event.key !== "/" || !field || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  field.focus();
  field.select();
});

// Copy what is shown: the loaded rows, the visible columns, as a spreadsheet takes them.

/** @param {string} text */
function tell(text) {
  clearTimeout(told);
  told = setTimeout(() => setProps("items-copied", { children: "" }), TOLD);
  return text;
}

/** Of a phone's cards, what they show.
 * @param {GridApi} grid */
function table(grid) {
  const columns = ["name", ...(narrow.matches ? ON_CARDS : shownColumns(grid))];
  /** @type {Api.ScreenerRow[]} */
  const rows = [];
  grid.forEachNode(({ data }) => data && rows.push(data));
  const parts = columns.map((name) => grid.getColumnDef(name)?.context ?? []);
  return csvLines(shownTable(rows, parts, readAddress().window), "\t");
}

// Labels of the menus

/** @type {("weapon_type" | "wear" | "rarity")[]} */
const LABELS = ["weapon_type", "wear", "rarity"];
/** @param {number | null} least @param {number | null} most @param {(value: number) => string} sign */
const span = (least, most, sign) =>
  least === null ? (most === null ? "" : `\u2264 ${sign(most)}`) : most === null ? `\u2265 ${sign(least)}` : `${sign(least)} \u2013 ${sign(most)}`;
/** @param {string} name @param {string} text */
function label(name, text) {
  setProps(`items-${name}-label`, { children: text });
  document.getElementById(`items-${name}-button`)?.classList.toggle("is-set", Boolean(text));
}
/** @param {Api.ItemsQuery} query */
function labels(query) {
  for (const name of LABELS) label(name, query[name].length > 1 ? String(query[name].length) : query[name][0] || "");
  label("price", span(query.price_min, query.price_max, (value) => `$${value}`));
  label("change", span(query.change_min, query.change_max, (value) => `${value} %`));
  const more = query.kind.length + query.source.length + (query.volume_min === null ? 0 : 1);
  label("more", more ? String(more) : "");
  const any = LISTS.some((name) => query[name].length) || NUMBERS.some((name) => query[name] !== null) || query.search;
  document.getElementById("items-clear")?.classList.toggle("is-hidden", !any);
}

/** @param {number | string | null | undefined} value */
const number = (value) => (value === "" || value === null || value === undefined || !Number.isFinite(Number(value)) ? null : Number(value));

clientside.items = {
  /** The controls as one query; the page's address follows.
   * @param {string | null} search
   * @param {string[] | null} weapon_type
   * @param {string[] | null} wear
   * @param {string[] | null} rarity
   * @param {string[] | null} source
   * @param {string[] | null} kind
   * @param {number | string | null} price_min
   * @param {number | string | null} price_max
   * @param {number | string | null} change_min
   * @param {number | string | null} change_max
   * @param {number | string | null} volume_min
   * @param {string} window_
   * @param {string} sorted */
  query(search, weapon_type, wear, rarity, source, kind, price_min, price_max, change_min, change_max, volume_min, window_, sorted) {
    const lists = { weapon_type, wear, rarity, source, kind };
    const query = emptyQuery((search || "").trim(), window_, sorted);
    for (const name of LISTS) query[name] = lists[name] || [];
    Object.assign(query, { price_min: number(price_min), price_max: number(price_max), change_min: number(change_min), change_max: number(change_max) });
    query.volume_min = number(volume_min);
    const text = JSON.stringify(query);
    const previous = last === null ? null : JSON.parse(last);
    labels(query);
    if (previous && !restoring) remember(query, previous);
    last = text;
    drawScreens();
    return query;
  },

  /** A new query: ask again, keep what is shown until the answer comes.
   * @param {Api.ItemsQuery} query @param {Api.ItemsQuery | null} before */
  ask(query, before) {
    window.dash_ag_grid?.getApiAsync?.(GRID).then(prepare);
    const { sort: _now, ...rest } = query;
    const { sort: _then, ...old } = before || query;
    if (JSON.stringify(rest) !== JSON.stringify(old)) refresh(true);
    return query;
  },

  /** Rows for the grid, their number, and what stands in their place where there are none.
   * @param {GridRequest | null} request @param {Api.ItemsQuery} query */
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
      const { message } = /** @type {Error} */ (error);
      const why = silent ? "The server does not answer. It is asked again when you try." : `${message[0].toUpperCase()}${message.slice(1)}.`;
      return [{ rowData: [], rowCount: 0 }, "", "failed", why];
    }
  },

  /** @param {number | null} clicks */
  retry(clicks) {
    if (clicks) refresh(true);
    return clientside.no_update;
  },

  /** @param {string[] | null} chosen */
  columns(chosen) {
    const grid = api();
    if (grid) chooseColumns(grid, chosen, KEPT);
    return clientside.no_update;
  },

  /** @param {string | null} chosen */
  resort(chosen) {
    if (chosen) order(chosen);
    return clientside.no_update;
  },

  /** @param {number | null} clicks */
  clear(clicks) {
    if (!clicks) return clientside.no_update;
    for (const name of LISTS) setProps(controlId(name), { value: [] });
    for (const name of [...NUMBERS, "search"]) setProps(controlId(name), { value: "" });
    return clientside.no_update;
  },

  /** @param {number | null} clicks */
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
