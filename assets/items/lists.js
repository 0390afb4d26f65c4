/* Watchlists of the reader: on the server for a user, in this browser for a visitor. Who signs in has the browser's added to
   the own ones. Each change fires `tracera:watchlists`. */
import * as api from "../ui/api.js";
import { queue } from "../ui/turns.js";
import { isKnown, isSignedIn, readStored, store } from "./dialog.js";

const KEY = "tracera:watchlists";
const ROUTE = "/api/v1/watchlists";
const FIRST = "Watchlist";
const MOST = 500;
const MOST_LISTS = 20;
const ASK_MS = 200;
const AGAIN_SECONDS = 3; // until what this browser keeps is offered again, where no answer came
const OFFERS = 4;
const NOT_STORED = "This browser keeps nothing for this page; sign in to watch items.";

/** @type {Api.Watchlist[] | null} */
let lists = null; // null: not known yet
/** @type {Promise<string | null> | null} */
let loading = null;
const inTurn = queue(); // lists that were answered before a change are never shown after it

/** @returns {Api.Watchlist[]} */
function local() {
  const found = readStored(KEY);
  const sound = Array.isArray(found) ? found.filter((one) => one && typeof one.name === "string" && Array.isArray(one.items)) : [];
  return sound.length ? sound : [{ id: 1, name: FIRST, items: [] }];
}

/** @param {Api.Watchlist[]} now */
function set(now) {
  lists = now;
  document.dispatchEvent(new CustomEvent("tracera:watchlists", { detail: now }));
}

/** Add what this browser keeps to the user's lists; what does not fit stays here, and is said. Without an answer it is offered again. */
async function takeOver(offers = OFFERS) {
  const kept = local().filter((one, at) => one.items.length || at > 0);
  if (!kept.length) return;
  const watchlists = kept.map(({ name, items }) => ({ name, items: items.map(({ item_id, note, target_price }) => ({ item_id, note, target_price })) }));
  /** @type {Api.Answer<{watchlists: Api.Watchlist[]}>} */
  const answer = await api.call("POST", `${ROUTE}/merge`, { watchlists });
  if (answer.ok) {
    store(KEY, null);
    set(answer.data.watchlists);
    api.say("What this browser watched is on your watchlists now.", true);
  } else if (answer.status === 409) api.say(`What this browser watches stays in it: ${answer.data.error}.`, false);
  else if (offers > 1) setTimeout(() => inTurn(() => takeOver(offers - 1)), 1000 * (answer.wait ?? AGAIN_SECONDS));
}

/** @returns {Promise<string | null>} what went wrong */
async function load() {
  if (!isSignedIn()) {
    set(local());
    return null;
  }
  /** @type {Api.Answer<{watchlists: Api.Watchlist[]}>} */
  const answer = await api.call("GET", ROUTE);
  if (!answer.ok) return answer.data.error;
  const mine = answer.data.watchlists;
  set(mine.length ? mine : [{ id: 0, name: FIRST, items: [] }]);
  await takeOver();
  return null;
}

/** The lists, asked for once; a text of what went wrong, after which it is asked again. */
export async function loadLists() {
  if (lists) return null;
  loading ??= inTurn(load);
  const wrong = await loading;
  loading = null;
  return wrong;
}

/** All lists, the first one first; none while they are not known. */
export const allLists = () => lists ?? [];

/** Whether an item is on the first list, which is what the star means. @param {number} item */
export const isWatched = (item) => Boolean(lists?.[0]?.items.some(({ item_id }) => item_id === item));

/** @param {string} method @param {string} path @param {object} [body] @returns {Promise<string | null>} */
async function send(method, path, body) {
  /** @type {Api.Answer<{watchlists: Api.Watchlist[]}>} */
  const answer = await inTurn(() => api.call(method, ROUTE + path, body));
  if (!answer.ok) return `${answer.data.error[0].toUpperCase()}${answer.data.error.slice(1)}.`;
  set(answer.data.watchlists.length ? answer.data.watchlists : [{ id: 0, name: FIRST, items: [] }]);
  return null;
}

/** @param {Api.Watchlist[]} now @returns {string | null} */
function keep(now) {
  if (now.length > MOST_LISTS) return `You have ${MOST_LISTS} watchlists already; remove one first.`;
  if (new Set(now.flatMap(({ items }) => items.map(({ item_id }) => item_id))).size > MOST) return `You watch ${MOST} items already; take one off first.`;
  const names = now.map(({ name }) => name.toLowerCase());
  if (new Set(names).size < names.length) return "You have a watchlist of this name already.";
  if (!store(KEY, now)) return NOT_STORED;
  set(now);
  return null;
}

/** @param {number} id @param {(list: Api.Watchlist) => Api.Watchlist} change */
const changed = (id, change) => keep(local().map((one) => (one.id === id ? change(one) : one)));

/** Each tells what went wrong, or null. */
export const change = {
  /** @param {string} name */
  make: async (name) => (isSignedIn() ? send("POST", "", { name }) : keep([...local(), { id: Math.max(...local().map(({ id }) => id)) + 1, name, items: [] }])),
  /** @param {number} id @param {string} name */
  rename: async (id, name) => (isSignedIn() ? send("PATCH", `/${id}`, { name }) : changed(id, (one) => ({ ...one, name }))),
  /** @param {number} id */
  drop: async (id) => (isSignedIn() ? send("DELETE", `/${id}`) : keep(local().filter((one) => one.id !== id))),
  /** @param {number} id @param {number} item @param {{note: string, target_price: number | null}} noted */
  put: async (id, item, noted) => {
    if (isSignedIn()) return send("PUT", `/${id}/items/${item}`, noted);
    const entry = { item_id: item, added_at: new Date().toISOString(), ...noted };
    return changed(id, (one) => {
      const held = one.items.some(({ item_id }) => item_id === item);
      return { ...one, items: held ? one.items.map((old) => (old.item_id === item ? { ...old, ...noted } : old)) : [...one.items, entry] };
    });
  },
  /** @param {number} id @param {number} item */
  take: async (id, item) => (isSignedIn() ? send("DELETE", `/${id}/items/${item}`) : changed(id, (one) => ({ ...one, items: one.items.filter(({ item_id }) => item_id !== item) }))),
};

/** Put an item on the first list, or take it off: by the route of the contract for a user, in this browser for a visitor.
 * @param {number} item */
export async function toggleWatched(item) {
  const wrong = await loadLists();
  if (wrong) return wrong;
  const watched = isWatched(item);
  const first = allLists()[0].id;
  if (!isSignedIn()) return watched ? change.take(first, item) : change.put(first, item, { note: "", target_price: null });
  const answer = await api.call(watched ? "DELETE" : "POST", `/api/v1/marketwatch/${item}`);
  if (!answer.ok) return answer.data.error;
  return send("GET", "");
}

/** Ask for a user's lists anew: a star of an item's page sent its change itself, or a page begins. */
export const reloadLists = () => (lists && isSignedIn() ? send("GET", "") : loadLists());

// A visitor's lists are known at once; a user's are asked for where they are of use, but at the sign-in.
const waiting = setInterval(() => {
  if (!isKnown()) return;
  clearInterval(waiting);
  if (!isSignedIn() || readStored(KEY)) loadLists();
}, ASK_MS);
window.addEventListener("storage", (event) => event.key === KEY && !isSignedIn() && set(local()));
