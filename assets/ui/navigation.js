/* Another page without a reload, as dcc.Link does it. */

/** Fired at the window behind every step that a script or dcc.Link adds to the history; dcc.Location listens to it. */
export const PUSHED = "_dashprivate_pushstate";

/** Go to the page at `path`, whose top is shown.
 * @param {string} path */
export function go(path) {
  visit(path);
  window.scrollTo(0, 0);
}

/** The same, where the page stays as it is scrolled.
 * @param {string} path */
export function visit(path) {
  history.pushState(null, "", path);
  window.dispatchEvent(new CustomEvent(PUSHED));
}
