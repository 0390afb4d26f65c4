/* A page's own scripts: there before Dash draws the page, since it calls them while it draws. */
import { PUSHED } from "../ui/navigation.js";

/** Addresses of scripts by the first part of a page's path; written into the document by app/web/assets.py. */
const ADDRESSES = JSON.parse(document.getElementById("_dash-renderer").dataset.pages);
const CALLBACKS = "/_dash-update-component";
/** Milliseconds from the document's end until other pages' scripts are asked for. */
const REST = 1_000;
const loaded = new Set();
let leaving = false;

/** Load a page's scripts; TypeError where the network fails or the server has newer ones. */
export async function load(path) {
  const address = ADDRESSES[path.split("/")[1]];
  if (!address || loaded.has(address)) return;
  await import(address);
  loaded.add(address);
}

/** Scripts of the page that is in the address bar; where they cannot be had, a document that names those of now. */
const loadCurrent = () => load(location.pathname).catch(renew);

function renew() {
  if (!leaving) location.reload();
  leaving = true;
}

/** Where a link may be followed next, its page's scripts are on their way. */
function prepare({ target }) {
  const link = target.closest?.("a[href^='/']");
  if (link) load(link.pathname).catch(() => {}); // who follows it asks again
}

/** Once the page rests, the scripts of the others come into the browser's cache, unless its user saves data. */
function prefetch() {
  if (navigator.connection?.saveData) return;
  for (const address of new Set(Object.values(ADDRESSES))) {
    if (loaded.has(address)) continue;
    document.head.append(Object.assign(document.createElement("link"), { rel: "prefetch", href: address }));
  }
}

window.addEventListener("load", () => setTimeout(() => requestIdleCallback(prefetch), REST), { once: true });
for (const type of [PUSHED, "popstate"]) window.addEventListener(type, loadCurrent);
for (const type of ["pointerover", "pointerdown", "focusin"]) document.addEventListener(type, prepare);

// A page's content is an answer to one of Dash's requests: they travel beside the scripts, and are handed over once these are there.
const send = window.fetch;
window.fetch = async (...request) => {
  const ofDash = String(request[0]).includes(CALLBACKS);
  const [answer] = await Promise.all([send(...request), ofDash ? loadCurrent() : null]);
  return answer;
};
