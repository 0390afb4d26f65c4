/* Screens: filters, order and columns of the items page under a name, as chips; kept for the user, or in this browser. */
import * as api from "../ui/api.js";
import { closest, el, icon } from "../ui/elements.js";
import { askForm, isSignedIn, nameField, readStored, store } from "./dialog.js";

const KEY = "tracera:screens";
const ROUTE = "/api/v1/screens";
const MOST = 50;
const NOT_STORED = "This browser keeps nothing for this page; sign in to keep screens.";
/** @type {Api.Screen[]} */
let screens = [];
/** @type {boolean | null} */
let loadedFor = null; // whether what is loaded is a user's; null: nothing is

/** @returns {Api.Screen[]} */
const local = () => {
  const found = readStored(KEY);
  return Array.isArray(found) ? found.filter((one) => one && typeof one.name === "string" && one.query) : [];
};

/** What a visitor kept here goes to the user's; a name that is taken gets a number.
 * @param {Api.Screen[]} mine */
async function takeOver(mine) {
  const left = [];
  for (const one of local()) {
    if (mine.some((other) => path(other) === path(one) && other.name.toLowerCase() === one.name.toLowerCase())) continue;
    let name = one.name;
    for (let at = 2; mine.some((other) => other.name.toLowerCase() === name.toLowerCase()); at += 1) name = `${one.name} ${at}`;
    /** @type {Api.Answer<Api.Screen>} */
    const answer = await api.call("POST", ROUTE, { name, query: one.query, columns: one.columns });
    if (answer.ok) mine.push(answer.data);
    else left.push(one);
  }
  store(KEY, left.length ? left : null);
}

async function load() {
  const isUser = isSignedIn();
  if (loadedFor === isUser) return;
  loadedFor = isUser;
  screens = isUser ? [] : local();
  if (isUser) {
    /** @type {Api.Answer<{screens: Api.Screen[]}>} */
    const answer = await api.call("GET", ROUTE);
    if (!answer.ok) {
      loadedFor = null; // asked for again with the next query
      return;
    }
    screens = answer.data.screens;
    await takeOver(screens);
  }
}

/** The address of a screen. @param {Pick<Api.Screen, "query" | "columns">} screen */
export function path({ query, columns }) {
  const parameters = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)]));
  if (columns.length) parameters.set("columns", columns.join(","));
  parameters.sort();
  const text = parameters.toString().replaceAll("%2C", ",");
  return `/items${text ? `?${text}` : ""}`;
}

/** @param {string} address */
const asScreen = (address) => {
  const parameters = new URLSearchParams(address.split("?")[1] || "");
  const columns = (parameters.get("columns") || "").split(",").filter(Boolean);
  parameters.delete("columns");
  const query = [...parameters].map(([name, value]) => [name, /_(min|max)$/.test(name) ? Number(value) : value]);
  return { query: Object.fromEntries(query), columns };
};
/** @param {string} address */
const sameForm = (address) => path(asScreen(address));

/** @param {Api.Screen} screen */
async function remove(screen) {
  if (isSignedIn()) {
    const answer = await api.call("DELETE", `${ROUTE}/${screen.id}`);
    if (!answer.ok) {
      api.say(answer.data.error, false);
      return;
    }
  }
  screens = screens.filter((one) => one !== screen);
  if (!isSignedIn()) store(KEY, screens);
  draw();
}

/** @param {string} name @param {Pick<Api.Screen, "query" | "columns">} asked @returns {Promise<string | null>} */
async function keep(name, { query, columns }) {
  const others = screens.filter((one) => one.name.toLowerCase() !== name.toLowerCase());
  if (!isSignedIn()) {
    if (others.length >= MOST) return `You keep ${MOST} screens already; remove one first.`;
    const kept = [...others, { id: 0, name, query, columns }];
    if (!store(KEY, kept)) return NOT_STORED;
    screens = kept;
  } else {
    /** @type {Api.Answer<Api.Screen>} */
    const answer = await api.call("POST", ROUTE, { name, query, columns });
    if (!answer.ok) return answer.data.error;
    screens = [...others, answer.data];
  }
  draw();
  return null;
}

/** @param {Api.Screen} screen @param {string} here */
function chip(screen, here) {
  const link = el("a", { href: path(screen), text: screen.name, "data-screen": true, "aria-current": path(screen) === here ? "true" : null });
  const gone = el("button", { type: "button", "aria-label": `Remove the screen ${screen.name}`, title: "Remove" }, icon("close", 12));
  gone.addEventListener("click", () => api.sure(gone, "Remove?") && remove(screen));
  return el("span", { class: "screen-chip" }, link, gone);
}

function draw() {
  const place = document.getElementById("items-screens");
  if (!place) return;
  const here = sameForm(window.location.pathname + window.location.search);
  const focus = document.activeElement instanceof HTMLElement && place.contains(document.activeElement) ? document.activeElement.textContent : null;
  place.replaceChildren(...screens.map((one) => chip(one, here)));
  if (focus) [...place.querySelectorAll("a")].find((one) => one.textContent === focus)?.focus();
}

/** Draw the chips, and mark the one that is shown. */
export const drawScreens = () => load().then(draw);

/** Ask for a name, and keep what the page shows under it.
 * @param {string[]} columns that are shown */
export function saveScreen(columns) {
  const asked = asScreen(window.location.search);
  const shown = screens.find((one) => path(one) === sameForm(window.location.pathname + window.location.search));
  const where = isSignedIn() ? "Kept for you." : "Kept in this browser; signing in takes it along.";
  const screen = { query: asked.query, columns };
  askForm("Save screen", "Save", [nameField(shown?.name || ""), el("p", { class: "muted", text: `Filters, order, window and columns under a name. ${where}` })], ({ name }) => {
    window.history.replaceState(window.history.state, "", path(screen)); // which names the columns, too
    return keep(name.trim(), screen);
  });
}

/** The address of the chip that was clicked, where the page is to show it itself.
 * @param {MouseEvent} event */
export function clickedScreen(event) {
  const link = closest(event, "[data-screen]");
  if (!(link instanceof HTMLAnchorElement) || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return null;
  event.preventDefault();
  return link.getAttribute("href");
}
