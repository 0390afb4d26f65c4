/* The grid of items that is on the page: that of all items, or of a watchlist. */

const IDS = ["items-grid", "watchlist-grid"];
export const narrow = window.matchMedia("(max-width: 639px)");

/** Its API; null where the page has none, or it is not there yet. */
export function currentGrid() {
  const id = IDS.find((name) => document.getElementById(name));
  const found = id && window.dash_ag_grid?.getApi?.(id);
  return found && !found.isDestroyed() ? found : null;
}
