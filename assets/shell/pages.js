/* A page's own scripts: there before Dash draws the page, since it calls them while it draws. */
import { closest, find } from "../ui/elements.js";
import { PUSHED } from "../ui/navigation.js";

/** Addresses by the first part of a page's path, of its module and of libraries; written into the document by app/web/assets.py. */
const ADDRESSES = /** @type {Record<string, string[]>} */ (JSON.parse(String(find(document, "#_dash-renderer").dataset.pages)));
const CALLBACKS = "/_dash-update-component";
/** Milliseconds from the document's end until other pages' scripts are asked for. */
const REST = 1_000;
/** What is loaded or on its way, by address.
 * @type {Map<string, Promise<unknown>>} */
const loaded = new Map();
let leaving = false;

/** Load a page's scripts; TypeError where the network fails or the server has newer ones.
 * @param {string} path */
export const load = (path) => Promise.all((ADDRESSES[path.split("/")[1]] ?? []).map((address, at) => bring(address, at > 0)));

/** @param {string} address
 * @param {boolean} isLibrary */
function bring(address, isLibrary) {
  const known = loaded.get(address);
  if (known) return known;
  const coming = isLibrary ? loadLibrary(address) : import(address);
  loaded.set(address, coming);
  return coming.catch((error) => {
    loaded.delete(address); // asked for again next time
    throw error;
  });
}

/** A script that is no module, unless the document came with it.
 * @param {string} address
 * @returns {Promise<void>} */
function loadLibrary(address) {
  if (document.querySelector(`script[src="${address}"]`)) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const script = Object.assign(document.createElement("script"), { src: address, onload: () => resolve() });
    script.addEventListener("error", () => {
      script.remove();
      reject(new TypeError(`${address} did not come`));
    });
    document.head.append(script);
  });
}

/** Scripts of the page that is in the address bar; where they cannot be had, a document that names those of now. */
const loadCurrent = () => load(location.pathname).catch(renew);

function renew() {
  if (!leaving) location.reload();
  leaving = true;
}

/** Where a link may be followed next, its page's scripts are on their way.
 * @param {Event} event */
function prepare(event) {
  const link = closest(event, "a[href^='/']");
  if (link instanceof HTMLAnchorElement) load(link.pathname).catch(() => {}); // who follows it asks again
}

/** Once the page rests, the modules of the others come into the browser's cache, unless its user saves data. Libraries are as
 * large as all else together: they come when a link of their page is pointed at. */
function prefetch() {
  if (navigator.connection?.saveData) return;
  for (const address of new Set(Object.values(ADDRESSES).map(([module]) => module))) {
    if (loaded.has(address)) continue;
    document.head.append(Object.assign(document.createElement("link"), { rel: "prefetch", href: address }));
  }
}

window.addEventListener("load", () => setTimeout(() => requestIdleCallback(prefetch), REST), { once: true });
for (const type of [PUSHED, "popstate"]) window.addEventListener(type, loadCurrent);
for (const type of ["pointerover", "pointerdown", "focusin"]) document.addEventListener(type, prepare);

// A page's content is an answer to one of Dash's requests: they travel beside the scripts, and are handed over once these are there.
const send = window.fetch;
/** @param {Parameters<typeof fetch>} request */
window.fetch = async (...request) => {
  const ofDash = String(request[0]).includes(CALLBACKS);
  const [answer] = await Promise.all([send(...request), ofDash ? loadCurrent() : null]);
  return answer;
};
