/* The tasks of the signed-in user in the header: what runs, what failed, what was made; see components/shell/task_menu.py.

   The list is asked for when a document opens, when one goes to another page, and when something was put into the queue; again every
   two seconds while something runs, and never else. What ended stays until it is dismissed or older than a day. */
import { now } from "../live/clock.js";
import * as api from "../ui/api.js";
import { closest, el, find, icon } from "../ui/elements.js";
import { PUSHED } from "../ui/navigation.js";

const EVERY = 2000;
const SHOWN = 86_400_000;
const DISMISSED = "tracera-tasks-dismissed";
const ACTIVE = ["waiting", "running"];
/** Ids of tasks that ran while this document was open.
 * @type {Set<number>} */
const seen = new Set();
let timer = 0;
let asking = false;
let shown = "";

const corner = () => document.getElementById("tasks");
/** @param {Api.Task} task */
const isActive = (task) => ACTIVE.includes(task.state);

/** @returns {number[]} */
function dismissed() {
  try {
    return JSON.parse(localStorage.getItem(DISMISSED) || "[]");
  } catch {
    return []; // no storage, or not ours
  }
}

/** @param {number} id */
function dismiss(id) {
  try {
    localStorage.setItem(DISMISSED, JSON.stringify([...dismissed(), id].slice(-100)));
  } catch {
    // then it is there again on the next page
  }
}

/** What is shown of all tasks: what runs; what failed or has something to take away; what was seen running.
 * @param {Api.Task[]} tasks */
function chosen(tasks, known = dismissed(), at = now()) {
  return tasks.filter((task) => {
    if (isActive(task)) return true;
    if (known.includes(task.id) || task.state === "cancelled") return false;
    const young = at - Date.parse(task.finished_at || task.created_at) < SHOWN;
    return young && (task.state === "failed" || Boolean(task.file) || seen.has(task.id));
  });
}

/** In a word or two, for the button.
 * @param {Api.Task[]} tasks */
function summary(tasks) {
  const running = tasks.filter(isActive);
  const failed = tasks.filter(({ state }) => state === "failed").length;
  const state = running.length ? "running" : failed ? "failed" : "done";
  const known = running.filter(({ total }) => total);
  const share = known.length ? known.reduce((sum, { done, total }) => sum + Math.min(1, done / Number(total)), 0) / running.length : 0;
  const words = [[running.length, "running"], [failed, "failed"], [tasks.length - running.length - failed, "done"]].filter(([count]) => count);
  return { state, share: Math.max(0.15, share), said: `Your tasks: ${words.map(([count, word]) => `${count} ${word}`).join(", ")}` };
}

/** @param {Api.Task} task */
function row(task) {
  const acts = [];
  if (task.state === "done" && task.file) acts.push(el("a", { class: "tasks-act", href: task.link, download: "", text: "Download" }));
  else if (task.state === "done" && task.link) acts.push(el("a", { class: "tasks-act", href: task.link, text: "Show" }));
  if (task.retryable) acts.push(el("button", { type: "button", class: "tasks-act", "data-task-do": "retry", "data-task": task.id, "aria-label": `Try ${task.title} again`, text: "Try again" }));
  if (isActive(task)) acts.push(el("button", { type: "button", class: "tasks-act", "data-task-do": "cancel", "data-task": task.id, "aria-label": `Cancel ${task.title}`, text: "Cancel" }));
  const close = isActive(task) ? null : el("button", { type: "button", class: "tasks-close", "data-task-do": "dismiss", "data-task": task.id, "aria-label": `Dismiss ${task.title}` }, icon("close", 14));
  const words = task.message || { waiting: "Waits for its turn", running: "Runs", done: "Done", failed: "Failed", cancelled: "" }[task.state];
  const bar = isActive(task) ? el("progress", { "aria-label": task.title, ...(task.total ? { max: task.total, value: Math.min(task.done, task.total) } : {}) }) : null;
  return el("li", { class: "tasks-row", "data-state": task.state }, el("div", { class: "tasks-head" }, el("span", { text: task.title }), close), el("span", { class: "tasks-words", text: words }), bar, el("div", { class: "tasks-acts" }, acts));
}

/** @param {Api.Task[]} tasks */
function show(tasks) {
  const place = corner();
  const list = document.getElementById("tasks-list");
  if (!place || !list) return;
  if (!tasks.length && list.contains(document.activeElement)) find(document, ".account-open").focus();
  place.hidden = !tasks.length;
  const text = JSON.stringify(tasks);
  if (!tasks.length || text === shown) return;
  shown = text;
  const { state, share, said } = summary(tasks);
  const opener = find(place, ".tasks-open");
  opener.dataset.tasks = state;
  opener.style.setProperty("--share", String(share));
  opener.setAttribute("aria-label", said);
  opener.title = said;
  find(place, ".tasks-count").textContent = String(tasks.length);
  // Who uses the keyboard stays where he was.
  const held = document.activeElement instanceof HTMLElement && list.contains(document.activeElement) ? document.activeElement.dataset : null;
  list.replaceChildren(...tasks.map(row));
  if (held?.task) (/** @type {HTMLElement | null} */ (list.querySelector(`[data-task="${held.task}"][data-task-do="${held.taskDo}"]`)) || opener).focus();
}

/** What ended since the last look is said to who does not see the menu.
 * @param {Api.Task[]} tasks */
function say(tasks) {
  for (const task of tasks) {
    if (isActive(task)) seen.add(task.id);
    else if (seen.has(task.id) && !told.has(task.id)) {
      told.add(task.id);
      document.dispatchEvent(new Event("tracera:ended"));
      find(document, "#tasks-said").textContent = `${task.title}: ${task.state === "done" ? "done" : task.message || task.state}`;
    }
  }
}
const told = new Set();

async function look() {
  clearTimeout(timer);
  if (asking || !document.getElementById("tasks-list")) return;
  asking = true;
  const answer = /** @type {Api.Answer<Api.Task[]>} */ (await api.call("GET", "/api/v1/tasks"));
  asking = false;
  if (!answer.ok) {
    if (answer.status !== 401) timer = setTimeout(look, 5 * EVERY); // the server may be away for a moment
    return;
  }
  say(answer.data);
  show(chosen(answer.data));
  if (answer.data.some(isActive) && !document.hidden) timer = setTimeout(look, EVERY);
}

document.addEventListener("click", async (event) => {
  const button = closest(event, "[data-task-do]");
  if (!(button instanceof HTMLElement)) return;
  const { task, taskDo } = button.dataset;
  if (taskDo === "dismiss") dismiss(Number(task));
  else {
    const answer = await api.call("POST", `/api/v1/tasks/${task}/${taskDo}`, {});
    if (!answer.ok) api.say(answer.data.error, false);
    else if (taskDo === "retry") told.delete(Number(task));
  }
  look();
});
document.addEventListener("tracera:queued", look);
document.addEventListener("tracera:portfolio", () => timer || look());
document.addEventListener("visibilitychange", () => document.hidden || look());
window.addEventListener(PUSHED, look);
new MutationObserver((_, observer) => {
  if (!document.getElementById("tasks-list")) return;
  observer.disconnect();
  look();
}).observe(document.documentElement, { childList: true, subtree: true });
