/* Search by keyboard: Ctrl or ⌘ K opens it, arrows choose, Enter goes there. See components/shell/search.py. */
import { setProps } from "../ui/dash.js";
import { go } from "../ui/navigation.js";

const INPUT = "search-input";
const isApple = /Mac|iPhone|iPad/.test(navigator.platform);
const options = () => [...document.querySelectorAll("#search-results [role=option]")];

const PATIENCE_MS = 3000;
let early = null; // what was typed since the dialog was asked for, until its field has the focus
let patience = 0;
let picked = null; // the item chosen by hand since the last key was typed: an answer that comes late keeps it

function open() {
  if (document.activeElement?.id !== INPUT) {
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

/** Keep a key that was pressed before the field was there to take it; tell whether it was one. */
function typedEarly(event) {
  if (early === null || event.target.id === INPUT || event.ctrlKey || event.metaKey || event.altKey) return false;
  if (event.key === "Backspace") early = early.slice(0, -1);
  else if (event.key.length === 1) early += event.key;
  else {
    if (event.key === "Escape") early = null;
    return false;
  }
  event.preventDefault();
  return true;
}

/** Give the field what was typed before it was there, as if it had been typed into it. */
function typeLate(input) {
  const text = early;
  early = null;
  if (!text) return;
  const { set } = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value");
  set.call(input, input.value + text);
  input.dispatchEvent(new Event("input", { bubbles: true }));
}

function choose(option) {
  picked = option.dataset.href;
  for (const other of options()) other.setAttribute("aria-selected", String(other === option));
  option.scrollIntoView({ block: "nearest" });
  point();
}

/** A new answer has its first option chosen; what was picked by hand stays so if it is among them. */
function keep() {
  const option = picked && options().find((one) => one.dataset.href === picked);
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

function step(by) {
  const all = options();
  if (!all.length) return;
  const at = all.findIndex((option) => option.getAttribute("aria-selected") === "true");
  choose(all[(at + by + all.length) % all.length]);
}

function follow(href) {
  close();
  go(href);
}

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "k") {
    event.preventDefault();
    open();
    return;
  }
  if (typedEarly(event) || event.target.id !== INPUT || event.isComposing) return;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    step(event.key === "ArrowDown" ? 1 : -1);
  } else if (event.key === "Enter") {
    const chosen = options().find((option) => option.getAttribute("aria-selected") === "true");
    if (chosen) follow(chosen.dataset.href);
  }
});

document.addEventListener("input", (event) => {
  if (event.target.id === INPUT) picked = null;
});

document.addEventListener("focusin", (event) => {
  if (event.target.id === INPUT) typeLate(event.target);
});

document.addEventListener("click", (event) => {
  if (event.target.closest("#search-open")) open();
  const option = event.target.closest("#search-results [role=option]");
  if (option) follow(option.dataset.href);
});

document.addEventListener("pointermove", (event) => {
  const option = event.target.closest?.("#search-results [role=option]");
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
  if (isApple) key.firstChild.nodeValue = "⌘ K";
}, 200);
