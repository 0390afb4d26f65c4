/* The connection for live prices: one per tab, to /api/v1/ws, and every way in which it can fail.

   Listens to `tracera:wanted` (detail: item ids on the page). Fires `tracera:price`, `tracera:volatility` and `tracera:levels`
   (detail: the message as in docs/live.md), `tracera:portfolio` (detail: a step of the signed-in user's import) and, once a
   second, `tracera:live` (detail: {state, lastMessage, serverTime, damaged}: times in milliseconds, lastMessage null before the first;
   how many frames had a wrong checksum). */
import { formatAge } from "../ui/format.js";
import { staleAfter } from "./cells.js";
import { Price, SUBPROTOCOL, decode } from "./binary.js";
import { now, setOffset } from "./clock.js";
import { noteFrame, readClock } from "./lag.js";
import { Position } from "./position.js";

const MAX_ITEMS = 500;
const FIRST_WAIT = 500;
const LONGEST_WAIT = 8_000;
const ABUSE_WAIT = 60_000;
const PING_EVERY = 25_000;
const PONG_WITHIN = 10_000;
const ASK_EVERY = 5_000;
const POLL_AFTER = 10_000;
const POLL_EVERY = 10_000;
const POLL_ITEMS = 30;
const PAUSE_AFTER = 60_000;

/** @type {WebSocket | null} */
let socket = null;
/** @type {number[]} */
let wanted = [];
/** @type {Set<number>} */
let subscribed = new Set();
/** @type {Set<number>} */
let unheard = new Set(); // items whose next message is a snapshot, and may be old
const position = new Position();
let askedAt = 0; // for the position
let attempts = 0;
let retryTimer = 0;
let pauseTimer = 0;
let paused = false;
let up = false; // whether the socket had been opened
let upSince = 0;
let downSince = Date.now();
let heardAt = 0; // anything from the server
let pingedAt = 0;
/** @type {Map<number, number>} */
let news = new Map(); // item -> when it was last heard of, by the server's clock
let pollAt = 0;
/** @type {boolean | null} */
let pollWorks = null;
let stalled = false; // the server said that no prices come in
let damaged = 0; // frames whose checksum was wrong

/** @param {keyof DocumentEventMap} name @param {unknown} detail */
const fire = (name, detail) => document.dispatchEvent(new CustomEvent(name, { detail }));
const isOpen = () => socket !== null && socket.readyState === WebSocket.OPEN;
/** @param {Api.Request} request */
const say = (request) => socket?.send(JSON.stringify(request));

// The connection

function connect() {
  clearTimeout(retryTimer);
  if (socket || paused) return;
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const opened = (socket = new WebSocket(`${scheme}://${location.host}/api/v1/ws`, [SUBPROTOCOL]));
  opened.binaryType = "arraybuffer";
  pingedAt = 0;
  opened.onopen = () => {
    up = true;
    upSince = heardAt = Date.now();
    subscribed = new Set();
    stalled = false;
    setClock();
    position.open();
    catchUp();
    subscribe();
    tick();
  };
  opened.onmessage = (event) => receive(event.data);
  opened.onclose = (event) => drop(event.code === 1008 ? ABUSE_WAIT : 0);
  // A network that swallows packets never says no.
  setTimeout(() => opened === socket && opened.readyState === WebSocket.CONNECTING && drop(0), PONG_WITHIN);
}

function disconnect() {
  if (!socket) return;
  const old = socket;
  socket = null;
  old.onopen = old.onmessage = old.onclose = null;
  old.close();
  if (up) downSince = Date.now();
  up = false;
}

/** Let go of the socket and try again later; jitter keeps all tabs from coming back at once.
 * @param {number} atLeast */
function drop(atLeast) {
  disconnect();
  const wait = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** attempts) * (0.5 + Math.random() / 2);
  attempts += 1;
  if (!paused) retryTimer = setTimeout(connect, Math.max(atLeast, wait));
  tick();
}

/** Ask for what the items missed that the page had before. */
function catchUp() {
  const items = position.held(wanted);
  if (!items.length) return;
  say({ action: "resume", epoch: position.epoch, offset: position.offset, item_ids: items });
  items.forEach((item) => unheard.add(item));
  subscribed = new Set(items);
  askPosition();
}

/** A frame could not be read: ask for what may have been in it. */
function mend() {
  position.mend();
  subscribed = new Set();
  catchUp();
  subscribe();
}

/** A ping, which tells the position too. */
function askPosition() {
  askedAt = Date.now();
  position.ask(subscribed);
  say({ action: "ping", position: true });
}

function subscribe() {
  if (!isOpen()) return;
  const present = new Set(wanted);
  const gone = [...subscribed].filter((item) => !present.has(item));
  const added = wanted.filter((item) => !subscribed.has(item));
  if (gone.length) say({ action: "unsubscribe", item_ids: gone });
  if (added.length) say({ action: "subscribe", item_ids: added });
  added.forEach((item) => unheard.add(item));
  subscribed = present;
  position.leave(gone);
  if (added.length) askPosition();
}

/** @param {string | ArrayBuffer} data */
function receive(data) {
  heardAt = Date.now();
  pingedAt = 0;
  if (typeof data === "string") receiveText(data);
  else receivePrices(data);
}

/** @param {ArrayBuffer} frame */
function receivePrices(frame) {
  const found = decode(frame);
  if (found === null) {
    damaged += 1;
    position.miss();
    return;
  }
  attempts = 0;
  const old = found.prices.some((price) => unheard.has(price.item_id));
  found.prices.forEach(hear);
  noteFrame(old ? null : found.published, frame.byteLength);
}

/** @param {string} data */
function receiveText(data) {
  let message;
  try {
    message = JSON.parse(data);
  } catch (error) {
    if (error instanceof SyntaxError) return; // a proxy's words, not ours
    throw error;
  }
  if (message.type === "error") console.warn(`Live prices: ${message.error}`);
  // The connection has shown that it works.
  attempts = 0;
  deliver(message);
}

/** @param {Price} price */
function hear(price) {
  position.hear(price);
  const snapshot = unheard.delete(price.item_id);
  const at = snapshot ? Math.min(price.at, now()) : now();
  news.set(price.item_id, Math.max(news.get(price.item_id) || 0, at));
  fire("tracera:price", price);
}

/** @param {Api.Message} message */
function deliver(message) {
  if (message.type === "price") {
    // What does not fit into a frame.
    const { item_id, price, volume, source, timestamp, offset } = message;
    hear(new Price(item_id, price, volume, source, Date.parse(timestamp), offset));
  } else if (message.type === "volatility") {
    fire("tracera:volatility", message);
  } else if (message.type === "levels") {
    fire("tracera:levels", message);
  } else if (message.type === "portfolio") {
    fire("tracera:portfolio", message);
  } else if (message.type === "pong") {
    position.answer(message);
    if (!position.waits && message.time !== undefined) readClock(askedAt, message.time);
  } else if (message.type === "hello") {
    position.numbered = true;
  } else if (message.type === "resumed" && !message.recovered) {
    // A snapshot follows.
    position.numbered ||= message.epoch !== null;
    position.lose();
    subscribed.forEach((item) => unheard.add(item));
  } else if (message.type === "feed") {
    stalled = message.state === "stale";
    tick();
  } else if (message.type === "auto_subscribe") {
    // The whole watchlist; a page wants what is on it.
    const present = new Set(wanted);
    const others = message.item_ids.filter((item) => !present.has(item));
    if (others.length) say({ action: "unsubscribe", item_ids: others });
  }
}

/** Ages are told by the server's clock; its Date header has whole seconds, so small differences mean nothing. */
async function setClock() {
  try {
    const before = Date.now();
    const response = await fetch("/healthz", { method: "HEAD", cache: "no-store" });
    const offset = Date.parse(String(response.headers.get("Date"))) + 500 - (before + Date.now()) / 2;
    setOffset(Math.abs(offset) > 2000 ? offset : 0);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // the network failed: the clock stays as it is
  }
}

// Without a connection

async function poll() {
  pollAt = Date.now() + POLL_EVERY;
  for (const item of wanted.slice(0, POLL_ITEMS)) {
    let response;
    try {
      response = await fetch(`/api/v1/items/${item}`, { cache: "no-store" });
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      pollWorks = false;
      return;
    }
    if (isOpen() || paused) return;
    if (response.status === 429) {
      pollAt = Date.now() + 1000 * Math.max(10, Number(response.headers.get("Retry-After")) || 60);
      return;
    }
    const wasAway = pollWorks === false;
    pollWorks = response.ok || response.status === 404;
    if (pollWorks && wasAway) {
      attempts = 0;
      connect(); // the server is back, and need not be waited for any longer
    }
    if (response.ok) quotes(await response.json()).forEach(hear);
  }
}

/** An item's latest price per source.
 * @param {Api.Item} item */
function quotes(item) {
  return (item.prices || [])
    .filter((quote) => Number.isInteger(quote.price) && (quote.timestamp || quote.time))
    .map(({ price, volume, source, timestamp, time }) =>
      new Price(item.id, Number(price), volume ?? null, source, Date.parse(String(timestamp || time)), undefined),
    );
}

// Once a second

const lastMessage = () => (news.size ? Math.max(...news.values()) : null);

/** @returns {LiveState} */
function state() {
  if (!navigator.onLine) return "offline";
  if (isOpen()) {
    const last = lastMessage();
    const silence = last === null ? Date.now() - upSince : now() - last;
    return stalled || (wanted.length && silence > 1000 * staleAfter()) ? "stale" : "live";
  }
  if (Date.now() - downSince <= POLL_AFTER || pollWorks === null) return "reconnecting";
  return pollWorks ? "polling" : "offline";
}

const WORDS = { live: "Live", stale: "Stale", reconnecting: "Reconnecting", polling: "Polling", offline: "Offline" };

/** @param {HTMLElement} chip @param {LiveState} current */
function showChip(chip, current) {
  const simulated = chip.dataset.liveSimulated === "true";
  const word = !simulated ? WORDS[current] : current === "live" ? "Simulated market" : `Simulated \u00b7 ${WORDS[current]}`;
  const last = current === "reconnecting" || current === "offline" ? null : lastMessage();
  const text = last === null ? word : `${word} \u00b7 ${formatAge((now() - last) / 1000)}`;
  const leaf = chip.querySelector("[data-live-text]") || chip;
  if (leaf.textContent !== text) leaf.textContent = text;
  if (chip.dataset.liveState !== current) chip.dataset.liveState = current;
}

function tick() {
  const time = Date.now();
  if (isOpen() && pingedAt && time - pingedAt > PONG_WITHIN) return drop(0);
  if (isOpen() && !pingedAt && time - heardAt > PING_EVERY) {
    pingedAt = time;
    askPosition();
  } else if (isOpen() && position.missed) {
    mend();
  } else if (isOpen() && position.numbered && !position.settled && time - askedAt > ASK_EVERY) {
    askPosition();
  }
  if (!isOpen() && !paused && time - downSince > POLL_AFTER && time >= pollAt) poll();
  const current = state();
  document.querySelectorAll("[data-live-chip]").forEach((chip) => showChip(chip, current));
  fire("tracera:live", { state: current, lastMessage: lastMessage(), serverTime: now(), damaged });
}

// The tab

function pause() {
  paused = true;
  clearTimeout(retryTimer);
  disconnect();
}

function resume() {
  clearTimeout(pauseTimer);
  if (!paused) return;
  paused = false;
  attempts = 0;
  downSince = Date.now();
  connect();
}

document.addEventListener("tracera:wanted", (event) => {
  const most = Number(document.querySelector("[data-live-chip]")?.dataset.liveMax) || MAX_ITEMS;
  wanted = event.detail.slice(0, most);
  const present = new Set(wanted);
  unheard = new Set([...unheard].filter((item) => present.has(item)));
  news = new Map([...news].filter(([item]) => present.has(item)));
  subscribe();
});
document.addEventListener("visibilitychange", () => {
  if (document.hidden) pauseTimer = setTimeout(pause, PAUSE_AFTER);
  else resume();
});
window.addEventListener("pagehide", pause);
window.addEventListener("pageshow", resume);
window.addEventListener("offline", () => drop(0));
window.addEventListener("online", () => {
  attempts = 0;
  connect();
});
connect();
setInterval(tick, 1000);
