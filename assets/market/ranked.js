/* Keeps the rising and the falling items (pages/market.py) in order while their prices move.
   A list stays as it is while it is pointed at or holds the keyboard's focus: nothing moves from under a click. */
import { inOrder } from "./ranking.js";

const PATIENCE = 1000; // milliseconds between two looks
const LISTS = [
  { id: "market-up", side: 1 },
  { id: "market-down", side: -1 },
];
let timer = 0;

/** A row's change as a share of its base, by what it shows now; null where that is unknown.
 * @param {HTMLElement} row */
function changeOf(row) {
  const { liveMoved, livePrice, liveBase } = /** @type {HTMLElement | null} */ (row.querySelector("[data-live-field=change]"))?.dataset ?? {};
  if (liveMoved) return Number(liveMoved);
  return livePrice && liveBase ? Number(livePrice) / Number(liveBase) - 1 : null;
}

/** @param {HTMLElement} list @param {number} side */
function sort(list, side) {
  const rows = [...list.querySelectorAll(".item-row")].filter((row) => row instanceof HTMLElement);
  const { shown, hidden } = inOrder(rows, changeOf, side);
  for (const row of rows) row.hidden = hidden.includes(row);
  const order = [...shown, ...hidden];
  if (order.some((row, place) => row !== rows[place])) rows[0]?.parentElement?.append(...order);
}

function look() {
  timer = 0;
  for (const { id, side } of LISTS) {
    const list = document.getElementById(id);
    if (list && !list.matches(":hover, :focus-within")) sort(list, side);
  }
}

document.addEventListener("tracera:price", () => {
  if (!timer) timer = setTimeout(look, PATIENCE);
});
