/* The star of an item: once its route has answered (assets/account/actions.js calls it), it shows what holds now. */
import { setProps } from "../ui/dash.js";

document.addEventListener("tracera:sent", ({ target }) => {
  const item = target.dataset?.watch;
  if (!item) return;
  const watched = target.getAttribute("aria-pressed") !== "true";
  for (const star of document.querySelectorAll(`[data-watch="${CSS.escape(item)}"]`)) {
    star.setAttribute("aria-pressed", String(watched));
    star.dataset.accountSend = star.dataset.accountSend.replace(/^\w+/, watched ? "DELETE" : "POST");
    star.title = watched ? "On your watchlist" : "Put it on your watchlist";
  }
  if (document.getElementById("watchlist-rows")) {
    setProps("watchlist-version", { data: Date.now() });
  }
});
