/* Service worker: where the server cannot be reached, its page says so and since when, in place of every page.

   It keeps that page and the files of it, all of them public and known by their digests, and nothing else: no JSON and no page
   of anybody ever comes from a cache. app/web/installable.py writes the addresses in. */

const worker = /** @type {WorkerScope} */ (/** @type {unknown} */ (self));
/** @type {{version: string, page: string, files: string[]}} */
const shell = JSON.parse('__SHELL__');
const PREFIX = "tracera-shell-";
const CACHE = PREFIX + shell.version;
/** What a proxy says in place of a server that is down. */
const DOWN = new Set([502, 504]);

async function keep() {
  const cache = await caches.open(CACHE);
  // Without cookies: what is kept is nobody's.
  const ask = (/** @type {string} */ address) => new Request(address, { cache: "no-cache", credentials: "omit" });
  await cache.addAll([shell.page, ...shell.files].map(ask));
  await worker.skipWaiting();
}

async function takeOver() {
  for (const name of await caches.keys()) if (name.startsWith(PREFIX) && name !== CACHE) await caches.delete(name);
  // A page is asked for while the worker still starts.
  await worker.registration.navigationPreload?.enable();
  await worker.clients.claim();
}

/** @param {string} address @returns {Promise<Response | undefined>} */
const kept = async (address) => (await caches.open(CACHE)).match(address, { ignoreVary: true });

/** The server's answer, or the page that says that there is none.
 * @param {WorkerRequest} event */
async function navigate(event) {
  const answer = await ask(event);
  return (answer && !DOWN.has(answer.status) ? answer : await kept(shell.page)) ?? answer ?? Response.error();
}

/** @param {WorkerRequest} event @returns {Promise<Response | null>} */
async function ask(event) {
  try {
    return (await event.preloadResponse) ?? (await fetch(event.request));
  } catch (error) {
    if (error instanceof TypeError || error instanceof DOMException) return null; // the network failed
    throw error;
  }
}

worker.addEventListener("install", (event) => event.waitUntil(keep()));
worker.addEventListener("activate", (event) => event.waitUntil(takeOver()));
worker.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET") return;
  if (request.mode === "navigate") {
    event.respondWith(navigate(event));
    return;
  }
  const { origin, pathname, search } = new URL(request.url);
  const address = pathname + search;
  if (origin === location.origin && shell.files.includes(address)) event.respondWith(kept(address).then((answer) => answer ?? fetch(request)));
});
