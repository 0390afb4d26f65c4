/* The lag of prices in this browser: a line at the foot of the page, from their publication until they are painted.

   `#live-lag` in any address shows it in this tab, `#live-lag-off` hides it again. Snapshots are left out: they are old by nature. */

const KEY = "tracera-live-lag";
const KEPT = 1_000; // of the newest frames
const SHOWN_EVERY = 1_000;
const FRESH = 60_000; // how long a measured clock is kept although a quicker answer may be the better one

/** @type {number[]} */
const lags = [];
let frames = 0;
let bytes = 0;
let beganAt = Date.now();
/** The server's clock minus the browser's, by the quickest answer of late.
 * @type {{offset: number, took: number, at: number} | null} */
let clock = null;
let on = false;

/** Take a reading of the server's clock: it said `time` in answer to a question of `askedAt`, all in milliseconds since 1970.
 * @param {number} askedAt @param {number} time */
export function readClock(askedAt, time) {
  const at = Date.now();
  const took = at - askedAt;
  if (!clock || took <= clock.took || at - clock.at > FRESH) clock = { offset: time - (askedAt + at) / 2, took, at };
}

/** A frame has been shown to the page's elements: note when the browser has painted them.
 * @param {number | null} published milliseconds since 1970 @param {number} size in bytes */
export function noteFrame(published, size) {
  if (!on) return;
  frames += 1;
  bytes += size;
  if (published === null || clock === null || document.hidden) return;
  const { offset } = clock;
  requestAnimationFrame(() => {
    // A task behind the frame's callbacks runs once they are painted.
    const channel = new MessageChannel();
    channel.port1.onmessage = () => {
      lags.push(Date.now() + offset - published);
      if (lags.length > KEPT) lags.shift();
    };
    channel.port2.postMessage(null);
  });
}

/** @param {Float64Array} sorted @param {number} share */
const percentile = (sorted, share) => sorted[Math.floor(share * (sorted.length - 1))];

/** @param {number} damaged frames with a wrong checksum */
function write(damaged) {
  let line = document.getElementById("live-lag");
  if (!on) return line?.remove();
  if (!line) {
    line = document.createElement("div");
    line.id = "live-lag";
    line.setAttribute("aria-hidden", "true"); // it would be read out every second
    document.body.append(line);
  }
  const sorted = Float64Array.from(lags).sort();
  const shares = [0.5, 0.95, 0.99].map((share) => `p${100 * share} ${Math.round(percentile(sorted, share))}`);
  const figures = lags.length ? `${shares.join(" \u00b7 ")} ms` : "no price yet";
  const rate = (bytes / Math.max(1, Date.now() - beganAt)) * 1000;
  line.textContent = `Published \u2192 painted: ${figures} (${frames} frames, ${Math.round(rate)} B/s, ${damaged} damaged)`;
}

function follow() {
  if (location.hash === "#live-lag") sessionStorage.setItem(KEY, "on");
  if (location.hash === "#live-lag-off") sessionStorage.removeItem(KEY);
  const wanted = sessionStorage.getItem(KEY) === "on";
  if (wanted && !on) [frames, bytes, beganAt, lags.length] = [0, 0, Date.now(), 0];
  on = wanted;
}

let damaged = 0;
document.addEventListener("tracera:live", ({ detail }) => (damaged = detail.damaged));
window.addEventListener("hashchange", () => (follow(), write(damaged)));
follow();
setInterval(() => write(damaged), SHOWN_EVERY);
