/* Items that are ticked in a grid, to be compared: kept while the window lives, so that those of two lists can be put together. */
import * as api from "../ui/api.js";
import { closest } from "../ui/elements.js";

const MOST = 10;
/** @type {Set<number>} */
const chosen = new Set();

/** @param {number} item */
export const isChosen = (item) => chosen.has(item);

/** The boxes in sight, and the link that says how many are ticked. */
export function showChosen() {
  for (const box of document.querySelectorAll("[data-compare]")) box.setAttribute("aria-checked", String(isChosen(Number(box.dataset.compare))));
  for (const link of document.querySelectorAll("a[data-compare-link]")) {
    link.hidden = !chosen.size;
    link.setAttribute("href", `/compare?items=${[...chosen].join(",")}`);
    const text = link.querySelector("span:last-child");
    if (text) text.textContent = `Compare (${chosen.size})`;
  }
}

document.addEventListener("click", (event) => {
  const box = closest(event, "[data-compare]");
  if (!box) return;
  const item = Number(box.dataset.compare);
  if (chosen.has(item)) chosen.delete(item);
  else if (chosen.size < MOST) chosen.add(item);
  else api.say(`${MOST} are compared at most. Untick one first.`, false);
  showChosen();
});
