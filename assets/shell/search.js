/* Search by keyboard: Ctrl or ⌘ K opens it, arrows choose, Enter goes there or does it. See components/shell/search.py. */
import { setProps } from "../ui/dash.js";
import { closest, find } from "../ui/elements.js";
import { go } from "../ui/navigation.js";
import { showKeys } from "./keys.js";

const INPUT = "search-input";
const isApple = /Mac|iPhone|iPad/.test(navigator.platform);
/** The search's field, where an event is about it. @param {Event} event */
const field = ({ target }) => (target instanceof HTMLInputElement && target.id === INPUT ? target : null);
const options = () => [...document.querySelectorAll("#search-results [role=option]")];

const PATIENCE_MS = 3000;
/** @type {string | null} */
let early = null; // what was typed since the dialog was asked for, until its field has the focus
let patience = 0;
/** @type {string | null | undefined} */
let picked = null; // the option chosen by hand since the last key was typed: an answer that comes late keeps it

/** What actions do, by their names in components/shell/destinations.py.
 * @type {Record<string, () => unknown>} */
const ACTIONS = {
  keys: showKeys,
  scheme: () => document.getElementById("color-scheme")?.click(),
  "sign-out": () => find(document, "[data-account-send='POST /api/v1/auth/logout']").click(),
};

function open() {
  const input = /** @type {HTMLInputElement | null} */ (document.getElementById(INPUT));
  if (input && document.activeElement === input) input.select();
  else {
    early = "";
    clearTimeout(patience);
    patience = setTimeout(() => (early = null), PATIENCE_MS);
  }
  setProps("search", { opened: true });
}

function close() {
  early = null;
  setProps("search", { opened: false });
}

/** Keep a key that was pressed before the field was there to take it; tell whether it was one.
 * @param {KeyboardEvent} event */
function typedEarly(event) {
  if (early === null || field(event) || event.ctrlKey || event.metaKey || event.altKey) return false;
  if (event.key === "Backspace") early = early.slice(0, -1);
  else if (event.key.length === 1) early += event.key;
  else {
    if (event.key === "Escape") early = null;
    return false;
  }
  event.preventDefault();
  return true;
}

/** Once the field is there its old text is selected, and gives way to what was typed before, as if that had been typed into it.
 * @param {HTMLInputElement} input */
function typeLate(input) {
  const text = early;
  early = null;
  if (text !== null) input.select();
  if (!text) return;
  const value = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value");
  value?.set?.call(input, text);
  input.dispatchEvent(new Event("input", { bubbles: true }));
}

/** Where an option leads, or what it does. @param {HTMLElement} option */
const leads = (option) => option.dataset.href ?? String(option.dataset.action);

/** @param {HTMLElement} option */
function choose(option) {
  picked = leads(option);
  for (const other of options()) other.setAttribute("aria-selected", String(other === option));
  option.scrollIntoView({ block: "nearest" });
  point();
}

/** A new answer has its first option chosen; what was picked by hand stays so if it is among them. */
function keep() {
  const option = picked && options().find((one) => leads(one) === picked);
  if (option && option.getAttribute("aria-selected") !== "true") choose(option);
  else point();
}

/** Tell the combobox which option is chosen. */
function point() {
  const input = document.getElementById(INPUT);
  if (!input) return;
  const chosen = options().find((option) => option.getAttribute("aria-selected") === "true");
  const has = options().length > 0;
  if (input.getAttribute("aria-expanded") !== String(has)) input.setAttribute("aria-expanded", String(has));
  if (chosen) input.setAttribute("aria-activedescendant", chosen.id);
  else input.removeAttribute("aria-activedescendant");
}

/** @param {number} by */
function step(by) {
  const all = options();
  if (!all.length) return;
  const at = all.findIndex((option) => option.getAttribute("aria-selected") === "true");
  choose(all[(at + by + all.length) % all.length]);
}

/** @param {HTMLElement} option */
function follow(option) {
  close();
  if (option.dataset.href) go(option.dataset.href);
  else ACTIONS[String(option.dataset.action)]();
}

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "k") {
    event.preventDefault();
    open();
    return;
  }
  if (typedEarly(event) || !field(event) || event.isComposing) return;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    step(event.key === "ArrowDown" ? 1 : -1);
  } else if (event.key === "Enter") {
    const chosen = options().find((option) => option.getAttribute("aria-selected") === "true");
    if (chosen) follow(chosen);
  }
});

document.addEventListener("input", (event) => {
  if (field(event)) picked = null;
});

document.addEventListener("focusin", (event) => {
  const input = field(event);
  if (input) typeLate(input);
});

document.addEventListener("click", (event) => {
  if (closest(event, "#search-open")) open();
  const option = closest(event, "#search-results [role=option]");
  if (option) follow(option);
});

document.addEventListener("pointermove", (event) => {
  const option = closest(event, "#search-results [role=option]");
  if (option && option.getAttribute("aria-selected") !== "true") choose(option);
});

new MutationObserver((records) => {
  const body = document.getElementById("search-body");
  if (body && records.some((record) => body.contains(record.target) || record.target.contains(body))) keep();
}).observe(document.body, { subtree: true, childList: true });
const keys = setInterval(() => {
  const key = document.querySelector("#search-open kbd");
  if (!key) return;
  clearInterval(keys);
  if (isApple && key.firstChild) key.firstChild.nodeValue = "⌘ K";
}, 200);
