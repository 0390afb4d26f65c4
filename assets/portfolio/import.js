/* The import of a Steam inventory: button, progress, cooldown, result. Progress comes by the socket (`tracera:portfolio`, see
   assets/live/connection.js) where that is there, else by asking once a second. See components/portfolio/states.py. */
import { now } from "../live/clock.js";
import * as api from "../ui/api.js";
import { closest, el, find, icon } from "../ui/elements.js";
import { formatAge, formatClock, formatCount, formatCounted } from "../ui/format.js";

const PATH = "/api/v1/portfolio/import";
const EVERY = 1000;
const HEARD = 3000; // so long after a message nobody asks
const PRIVACY = "https://steamcommunity.com/my/edit/settings";
let running = false;
let posting = false;
let asking = false;
let started = 0; // when this page asked for an import, by the server's clock
let heard = 0;
let until = 0; // end of the cooldown
/** @type {number | null} */
let imported = null; // when the last import was made
let timer = 0;

const buttons = () => document.querySelectorAll("[data-portfolio-import]");
const panel = () => document.getElementById("portfolio-import");
/** @param {Child[]} parts */
const show = (...parts) => {
  const place = panel();
  if (!place) return;
  place.replaceChildren(...parts.filter((part) => part !== null && part !== undefined));
  place.hidden = !place.childElementCount;
};

// What is shown

/** @param {Pick<Api.ImportState, "message" | "done" | "total">} state */
function progress({ message, done, total }) {
  const place = panel();
  if (!place) return;
  if (!place.querySelector("progress")) {
    show(el("div", { class: "portfolio-progress" }, el("span", { class: "portfolio-progress-text" }), el("progress", { "aria-label": "Import from Steam" }), el("span", { class: "muted", text: "You may leave this page: the import goes on." })));
  }
  const bar = /** @type {HTMLProgressElement} */ (place.querySelector("progress"));
  if (total) Object.assign(bar, { max: total, value: Math.min(done, total) });
  else bar.removeAttribute("value");
  find(place, ".portfolio-progress-text").textContent = message || "Asking Steam for the inventory";
  buttons().forEach((button) => button.setAttribute("aria-busy", "true"));
}

const closer = () => el("button", { type: "button", class: "portfolio-close", "aria-label": "Close", click: () => show() }, icon("close", 16));

/** @param {Api.ImportResult} found @param {string} message */
function result(found, message) {
  /** @type {[string, number | undefined][]} */
  const every = [
    ["new", found.added],
    ["gone", found.removed],
    ["without a price", found.unpriced],
    ["that cannot be sold", found.not_marketable],
    ["hidden by Steam, on hold", found.hidden],
  ];
  const figures = every.filter(([name, value]) => value || name === "new" || name === "gone");
  const list = figures.map(([name, value]) => el("li", {}, el("strong", { text: formatCount(value || 0) }), ` ${name}`));
  const title = found.imported_assets === undefined ? message : `${formatCounted(found.imported_assets, "item", "items")} imported`;
  show(el("div", { class: "portfolio-result" }, icon("check", 18), el("div", {}, el("strong", { text: title }), el("ul", {}, list)), closer()));
}

/** @param {string | null | undefined} reason */
function action(reason) {
  if (reason === "not_linked") return el("a", { href: "/api/v1/auth/steam?next=/portfolio", class: "button", text: "Link Steam" });
  if (reason === "signed_out") return el("a", { href: "/sign-in?next=/portfolio", class: "button", text: "Sign in" });
  if (reason === "private") return el("a", { href: PRIVACY, target: "_blank", rel: "noopener noreferrer", class: "button", text: "Steam\u2019s privacy settings" });
  return reason === "cooldown" ? null : el("button", { type: "button", class: "button", "data-portfolio-import": true, "data-label": "Try again" }, el("span", { text: "Try again" }));
}

/** Most of what was held is gone: nothing is removed before the owner says so.
 * @param {string} message @param {number} gone */
function question(message, gone) {
  const keep = el("button", { type: "button", class: "button", text: "Keep my holdings", click: () => show() });
  const drop = el("button", { type: "button", class: "button", "data-portfolio-import": true, "data-portfolio-drop": String(gone), "data-label": `Remove ${formatCounted(gone, "item", "items")}` }, el("span", { text: `Remove ${formatCounted(gone, "item", "items")}` }));
  show(el("div", { class: "alert", role: "alert" }, icon("alert", 18), el("div", { class: "alert-words" }, el("span", { text: message }), el("div", { class: "portfolio-answers" }, keep, drop)), closer()));
  label();
  keep.focus();
}

/** @param {string} message @param {string | null} [reason] @param {number} [gone] */
function failure(message, reason, gone) {
  if (reason === "confirm") return question(message, gone || 0);
  show(el("div", { class: "alert", role: "alert" }, icon("alert", 18), el("div", { class: "alert-words" }, el("span", { text: message }), action(reason)), closer()));
  return label();
}

/** Buttons count the cooldown down; beside them stands when the last import was. */
function label() {
  const left = Math.ceil((until - Date.now()) / 1000);
  for (const button of buttons()) {
    const text = find(button, "span:last-child");
    button.dataset.label = button.dataset.label || text.textContent;
    button.toggleAttribute("disabled", left > 0 && !running);
    if (!running) button.removeAttribute("aria-busy");
    const said = running ? "Importing\u2026" : left > 0 ? `Again in ${formatClock(left)}` : button.dataset.label;
    if (text.textContent !== said) text.textContent = said;
    button.title = left > 0 && !running ? "Steam is asked for an inventory only once in a while" : "";
  }
  const note = document.querySelector("[data-portfolio-imported]");
  const said = imported === null ? "" : `Imported ${formatAge((now() - imported) / 1000)} ago`;
  if (note && note.textContent !== said) note.textContent = said;
}

function tick() {
  if (!panel()) {
    clearInterval(timer);
    timer = 0;
    running = false;
    return;
  }
  label();
  if (running && Date.now() - heard > HEARD) ask();
}

// What is known

async function ask() {
  if (asking) return;
  asking = true;
  const answer = await api.call("GET", PATH);
  asking = false;
  if (!answer.ok || !panel()) return;
  const { cooldown_seconds: left, last } = answer.data;
  if (left !== null) until = Date.now() + 1000 * left;
  if (last) imported = Date.parse(last.last_imported_at);
  if (answer.data.state !== null) step(answer.data, last);
  label();
}

/** One step of a run, whoever started it.
 * @param {Api.ImportState} state @param {Api.ImportNews["last"]} last @returns {unknown} */
function step(state, last) {
  if (state.state === "running") {
    running = true;
    return progress(state);
  }
  // The answer to our own request says more; what was there before it began says nothing.
  if (!running || posting) return undefined;
  if (last && started && Date.parse(last.last_imported_at) < started - 2 * EVERY) return over(() => failure("The server did not take the import. Try again.", "unavailable"));
  if (state.state === "done") return over(() => result(state.result || last || {}, state.message), true);
  return over(() => failure(state.message, state.error?.reason, state.error?.gone));
}

/** @param {() => void} tell @param {boolean} [changed] */
function over(tell, changed) {
  running = false;
  started = 0;
  buttons().forEach((button) => button.removeAttribute("aria-busy"));
  tell();
  label();
  if (changed) api.changed();
  return ask();
}

/** @param {string | undefined} drop */
async function start(drop) {
  if (posting || running) {
    panel()?.scrollIntoView({ block: "nearest" });
    return;
  }
  posting = running = true;
  started = now();
  progress({ message: "Asking Steam for the inventory", done: 0, total: null });
  label();
  const answer = await api.call("POST", drop ? `${PATH}?drop=${drop}` : PATH, {});
  posting = false;
  if (answer.status === 202) return undefined; // it takes longer than a request may wait: its steps tell
  if (answer.ok) return over(() => result(answer.data, answer.data.message), true);
  if (answer.status === 0) return undefined; // the connection broke, the run may go on: asking tells
  if (answer.wait) until = Date.now() + 1000 * answer.wait;
  const reason = answer.status === 401 ? "signed_out" : answer.data.reason || (answer.status === 429 ? "cooldown" : null);
  return over(() => failure(answer.data.error, reason, answer.data.gone));
}

document.addEventListener("tracera:portfolio-adopted", () => {
  const place = panel();
  if (!place || place.dataset.ready) return;
  place.dataset.ready = "true";
  if (!timer) timer = setInterval(tick, EVERY);
  ask();
});
document.addEventListener("tracera:portfolio", ({ detail }) => {
  if (!panel()) return;
  heard = Date.now();
  step(detail, null);
});
document.addEventListener("click", (event) => {
  const button = closest(event, "[data-portfolio-import]");
  if (button && !button.matches(":disabled")) start(button.dataset.portfolioDrop);
});
