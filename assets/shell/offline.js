/* The page that the service worker shows while the server cannot be reached; see components/shell/offline.py. It goes on once
   the server answers. */
import { find } from "../ui/elements.js";
import { formatAge, formatMoment } from "../ui/format.js";
import { lastReached } from "./reached.js";

const ASK_EVERY = 5_000;
const OWN = "/assets/offline.html";
const isHere = /^(localhost|127\.|\[::1\])/.test(location.hostname);

function show() {
  const reached = lastReached();
  const since = reached === null ? "It was not reached from here before." : `Last reached ${formatMoment(new Date(reached).toISOString())}, ${formatAge((Date.now() - reached) / 1000)} ago. What you saw then may have changed since.`;
  const place = find(document, "#offline-since");
  if (place.textContent !== since) place.textContent = since;
  // The machine itself needs no network.
  const found = isHere ? "here" : navigator.onLine ? "away" : "network";
  for (const hint of document.querySelectorAll("[data-case]")) hint.hidden = hint.dataset.case !== found;
}

const leave = () => (location.pathname === OWN ? location.replace("/") : location.reload());

async function look() {
  try {
    const answer = await fetch("/healthz", { cache: "no-store" });
    if (answer.ok) leave();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // still not reached
  }
}

find(document, "#offline-again").addEventListener("click", leave);
window.addEventListener("online", look);
setInterval(show, 1_000);
setInterval(look, ASK_EVERY);
show();
