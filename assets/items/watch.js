/* The star of an item: once its route has answered (assets/account/actions.js calls it), it shows what holds now. Stars of rows, and
   those of visitors, change the lists themselves (assets/items/lists.js). */
import * as api from "../ui/api.js";
import { closest } from "../ui/elements.js";
import { isWatched, reloadLists, toggleWatched } from "./lists.js";

/** @param {HTMLElement} star @param {boolean} watched */
function show(star, watched) {
  if (star.getAttribute("aria-pressed") === String(watched)) return;
  star.setAttribute("aria-pressed", String(watched));
  if (star.dataset.accountSend) star.dataset.accountSend = star.dataset.accountSend.replace(/^\w+/, watched ? "DELETE" : "POST");
  star.title = watched ? "On your watchlist" : "Put it on your watchlist";
}

document.addEventListener("tracera:sent", ({ target }) => {
  const item = target instanceof HTMLElement && target.dataset.watch;
  if (!item) return;
  const watched = target.getAttribute("aria-pressed") !== "true";
  for (const star of document.querySelectorAll(`[data-watch="${CSS.escape(item)}"]`)) show(star, watched);
  reloadLists();
});

document.addEventListener("click", async (event) => {
  const star = closest(event, "[data-watch]:not([data-account-send])");
  if (!star) return;
  const wrong = await toggleWatched(Number(star.dataset.watch));
  if (wrong) api.say(wrong, false);
});

const showAll = () => {
  for (const star of document.querySelectorAll("[data-watch]:not([data-account-send])")) show(star, isWatched(Number(star.dataset.watch)));
};
document.addEventListener("tracera:watchlists", showAll);
document.addEventListener("tracera:markup", showAll);
