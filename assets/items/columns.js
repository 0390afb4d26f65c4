/* Columns of a grid of items: which are shown, in which order and how wide; kept in this browser, and named in the address. */
import { setProps } from "../ui/dash.js";
import { readStored, store } from "./dialog.js";
import { narrow } from "./grid.js";

/** Columns that nobody chooses. */
const FIXED = ["name", "star", "edit", "tick"];
/** Those of them that have no place beside a card. */
const WIDE = ["tick"];

/** Where the choice is kept, and the check boxes that show it. @typedef {{key: string, control: string}} Kept */

/** @param {Kept} kept @returns {ColumnState[]} */
function stored({ key }) {
  const saved = readStored(key);
  return Array.isArray(saved) ? saved : [];
}

/** The columns in sight but those that always are. @param {GridApi} grid */
export const shownColumns = (grid) => grid.getColumnState().filter(({ colId, hide }) => !hide && !FIXED.includes(colId)).map(({ colId }) => colId);

/** Columns that the address names; none where it leaves them to the reader. */
export const columnsOfAddress = () => (new URLSearchParams(window.location.search).get("columns") || "").split(",").filter(Boolean);

/** @param {GridApi} grid @param {Kept} kept */
export function tellColumns(grid, { control }) {
  if (!narrow.matches) setProps(control, { value: shownColumns(grid) });
}

/** Show the columns of the address, else those kept here. @param {GridApi} grid @param {Kept} kept */
export function applyColumns(grid, kept) {
  if (narrow.matches) return;
  const named = columnsOfAddress();
  const all = grid.getColumnState().map(({ colId }) => colId).filter((name) => !FIXED.includes(name));
  const known = named.filter((name) => all.includes(name));
  const state = known.length ? [...known, ...all.filter((name) => !known.includes(name))].map((colId) => ({ colId, hide: !known.includes(colId) })) : stored(kept);
  if (state.length) grid.applyColumnState({ state, applyOrder: true });
  tellColumns(grid, kept);
}

/** @param {GridApi} grid @param {Kept} kept */
export function saveColumns(grid, kept) {
  if (narrow.matches) return;
  const state = grid.getColumnState().map(({ colId, hide, width, flex }) => ({ colId, hide, ...(flex ? { flex } : { width }) }));
  store(kept.key, state); // where it cannot be kept, the choice lasts as long as the page
  if (columnsOfAddress().length) {
    const address = new URL(window.location.href);
    address.searchParams.set("columns", shownColumns(grid).join(","));
    window.history.replaceState(window.history.state, "", address.toString().replaceAll("%2C", ","));
  }
  tellColumns(grid, kept);
}

/** Show just these, as the check boxes say. @param {GridApi} grid @param {string[] | null} chosen @param {Kept} kept */
export function chooseColumns(grid, chosen, kept) {
  if (narrow.matches || !chosen) return;
  const all = grid.getColumnState().map(({ colId }) => colId).filter((name) => !FIXED.includes(name));
  const now = shownColumns(grid);
  if (chosen.length === now.length && chosen.every((name) => now.includes(name))) return;
  grid.setColumnsVisible(all.filter((name) => !chosen.includes(name)), false);
  grid.setColumnsVisible(chosen, true);
  saveColumns(grid, kept);
}

/** On a phone the item's card alone, and its button. @param {GridApi} grid */
export function showCards(grid) {
  const state = grid.getColumnState().map(({ colId }) => ({ colId, hide: !FIXED.includes(colId) || WIDE.includes(colId), pinned: null, flex: colId === "name" ? 1 : null, ...(FIXED.includes(colId) && colId !== "name" ? { width: 52 } : {}) }));
  grid.applyColumnState({ state });
}

/** Keep moves and widths. @param {GridApi} grid @param {Kept} kept */
export function watchColumns(grid, kept) {
  grid.addEventListener("columnMoved", (event) => event.finished && event.source !== "api" && saveColumns(grid, kept));
  grid.addEventListener("columnResized", (event) => event.finished && event.source !== "api" && event.source !== "flex" && saveColumns(grid, kept));
}
