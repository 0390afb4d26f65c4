/* The bell of the header: how many alerts are unread, asked for when a document opens, when one goes to another page, and once a minute
   while the page is seen. Its list is made by the server when it is opened, and is read then. The dialog is loaded when it is first
   asked for. See components/alerts/bell.py. */
import { load } from "../shell/pages.js";
import * as api from "../ui/api.js";
import { setProps } from "../ui/dash.js";
import { closest } from "../ui/elements.js";
import { PUSHED } from "../ui/navigation.js";
import { queue } from "../ui/turns.js";

const EVERY = 60_000;
const inTurn = queue(); // a count from before the list was read is not shown after it

/** @param {number} unread */
function show(unread) {
  const count = document.getElementById("alerts-count");
  const opener = count?.closest("button");
  if (!count || !opener) return;
  count.hidden = !unread;
  count.textContent = unread > 99 ? "99+" : String(unread);
  opener.title = unread ? `Alerts: ${unread} unread` : "Alerts";
  opener.setAttribute("aria-label", opener.title);
}

async function look() {
  if (!document.getElementById("alerts-count") || document.hidden) return;
  /** @type {Api.Answer<{unread: number}>} */
  const answer = await inTurn(() => api.call("GET", "/api/v1/alerts/unread"));
  if (answer.ok) show(answer.data.unread);
}

/** What is listed was seen. @param {Element} list */
async function read(list) {
  const newest = Number(/** @type {HTMLElement | null} */ (list.querySelector("[data-newest]"))?.dataset.newest);
  if (!newest || !list.querySelector("[data-unread]")) return;
  /** @type {Api.Answer<{unread: number}>} */
  const answer = await inTurn(() => api.call("POST", "/api/v1/alerts/events/read", { newest }));
  if (answer.ok) show(answer.data.unread);
}

/** @param {ToggleEvent} event */
function open({ newState, target }) {
  if (newState !== "open" || !(target instanceof HTMLElement) || target.id !== "alerts-menu") return;
  const list = document.getElementById("alerts-list");
  if (!list) return;
  const made = new MutationObserver(() => {
    made.disconnect();
    read(list);
  });
  made.observe(list, { childList: true });
  setProps("alerts-opened", { data: Date.now() });
}

function changed() {
  if (document.getElementById("alerts-body")) setProps("alerts-version", { data: Date.now() });
  look();
}

document.addEventListener("toggle", open, true);
document.addEventListener("click", async (event) => {
  const button = closest(event, "[data-alert-item], [data-alert-edit], [data-alert-portfolio]");
  if (!(button instanceof HTMLElement)) return;
  await load("/alerts");
  document.dispatchEvent(new CustomEvent("tracera:alert", { detail: button.dataset }));
});
document.addEventListener("tracera:sent", ({ target }) => target instanceof HTMLElement && target.dataset.accountSend?.includes("/alerts") && changed());
document.addEventListener("tracera:refused", ({ target }) => target instanceof HTMLElement && target.matches("[data-alert-test]") && changed());
document.addEventListener("tracera:alerts", changed);
document.addEventListener("visibilitychange", look);
window.addEventListener(PUSHED, look);
setInterval(look, EVERY);
new MutationObserver((_, observer) => {
  if (!document.getElementById("alerts-count")) return;
  observer.disconnect();
  look();
}).observe(document.documentElement, { childList: true, subtree: true });
