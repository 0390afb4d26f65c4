/* The installable page: brings its service worker (service_worker.js), or takes it away where this instance has none any more. */
import { remember } from "./reached.js";

const WORKER = "/assets/service-worker.js";
const CACHES = "tracera-shell-";
const EVERY = 10_000;
let remembered = 0;

async function install() {
  if (!navigator.serviceWorker) return; // over http, but for the machine itself, there is none
  if (document.querySelector("link[rel=manifest]")) {
    await navigator.serviceWorker.register(WORKER, { scope: "/" });
    return;
  }
  for (const registration of await navigator.serviceWorker.getRegistrations()) {
    if (registration.active?.scriptURL.endsWith(WORKER)) await registration.unregister();
  }
  for (const name of await caches.keys()) if (name.startsWith(CACHES)) await caches.delete(name);
}

window.addEventListener("load", () => install().catch((error) => console.warn("The page cannot be installed:", error)));

document.addEventListener("tracera:live", ({ detail: { state } }) => {
  if (state === "offline" || state === "reconnecting" || Date.now() - remembered < EVERY) return;
  remembered = Date.now();
  remember(remembered);
});
