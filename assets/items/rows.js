/* Rows of a grid of items: a click anywhere opens one, j and k walk through them, w watches one, c ticks one, and the way back leads to the row one left. */
import { closest } from "../ui/elements.js";
import { go } from "../ui/navigation.js";
import { showChosen } from "./chosen.js";
import { currentGrid } from "./grid.js";

const INSIDE = "a, button, input, select, textarea";
const TYPING = "input, textarea, select, [contenteditable], [role=dialog]";
/** @type {Record<string, number>} */
const STEPS = { j: 1, k: -1 };
const COLUMN = "name";

/** What the entry in the history keeps of a grid: its first row in sight, and the row that has the focus.
 * @typedef {{top: number, row: number | null, id: number | null}} Place */

/** @param {Api.ScreenerRow | undefined} data @param {MouseEvent} event */
function open(data, event) {
  if (!data || closest(event, INSIDE) || String(window.getSelection())) return;
  if (event.ctrlKey || event.metaKey || event.shiftKey) window.open(`/item/${data.id}`);
  else go(`/item/${data.id}`);
}

/** @param {GridApi} grid */
function keepPlace(grid) {
  if (grid.isDestroyed()) return;
  const row = grid.getFocusedCell()?.rowIndex ?? null;
  const id = row === null ? null : (grid.getDisplayedRowAtIndex(row)?.data?.id ?? null);
  /** @type {Place} */
  const place = { top: grid.getFirstDisplayedRowIndex(), row, id };
  history.replaceState({ ...history.state, place }, "");
}

/** Once the rows are there, show those that one left. @param {GridApi} grid */
function restorePlace(grid) {
  /** @type {Place | undefined} */
  const place = history.state?.place;
  if (!place) return;
  const restore = () => {
    const last = grid.getDisplayedRowCount() - 1;
    if (last < 0 || (grid.getGridOption("rowModelType") === "infinite" && !grid.isLastRowIndexKnown())) return;
    grid.removeEventListener("modelUpdated", restore);
    grid.ensureIndexVisible(Math.min(place.top, last), "top");
    if (place.row === null) return;
    grid.setFocusedCell(Math.min(place.row, last), COLUMN);
    if (place.id !== null) follow(grid, place.id);
  };
  grid.addEventListener("modelUpdated", restore);
}

/** Prices move while one is away: the focus goes to the item where it stands now, as far as that is loaded.
 * @param {GridApi} grid @param {number} id */
function follow(grid, id) {
  const find = () => {
    const row = grid.getFocusedCell()?.rowIndex;
    const data = row === undefined ? undefined : grid.getDisplayedRowAtIndex(row)?.data;
    if (row !== undefined && !data) return; // on its way
    grid.removeEventListener("modelUpdated", find);
    if (row === undefined || data?.id === id) return;
    grid.forEachNode((node) => node.data?.id === id && node.rowIndex !== null && grid.setFocusedCell(node.rowIndex, COLUMN));
  };
  grid.addEventListener("modelUpdated", find);
  find();
}

/** @param {GridApi} grid @param {number} by */
function step(grid, by) {
  const last = grid.getDisplayedRowCount() - 1;
  if (last < 0) return;
  const focused = grid.getFocusedCell()?.rowIndex;
  const row = focused === undefined ? Math.max(0, grid.getFirstDisplayedRowIndex()) : Math.max(0, Math.min(focused + by, last));
  grid.ensureIndexVisible(row);
  grid.setFocusedCell(row, COLUMN);
}

/** To be called once for a grid. @param {GridApi} grid */
export function prepareRows(grid) {
  restorePlace(grid);
  showChosen();
  grid.addEventListener("rowClicked", ({ data, event }) => open(data, event));
  grid.addEventListener("cellKeyDown", ({ event, data }) => {
    if (event.key === "Enter" && data && !closest(event, INSIDE)) go(`/item/${data.id}`);
  });
  grid.addEventListener("bodyScrollEnd", () => keepPlace(grid));
  grid.addEventListener("cellFocused", () => keepPlace(grid));
}

document.addEventListener("keydown", (event) => {
  const grid = event.ctrlKey || event.metaKey || event.altKey || closest(event, TYPING) ? null : currentGrid();
  if (!grid) return;
  if (event.key === "w") document.querySelector(`.ag-row-focus :is([data-watch], [data-watch-edit])`)?.dispatchEvent(new MouseEvent("click", { bubbles: true }));
  if (event.key === "c") document.querySelector(".ag-row-focus [data-compare]")?.dispatchEvent(new MouseEvent("click", { bubbles: true }));
  if (!STEPS[event.key]) return;
  event.preventDefault();
  step(grid, STEPS[event.key]);
});
