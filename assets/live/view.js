/* What is in view: live elements within a window's height of what is seen, so that a page asks for no other prices. */

const MARGIN = "100% 0px"; // what is scrolled to next has its price already
/** A long list: its rows are asked for once they are seen and the list stands still, for what is asked of an exchange is streamed. */
const LONG = "[data-live-long]";
const AT_REST = 300;
const LINGER = 10_000; // scrolling to and fro changes no subscription

/** Live elements, and whether they are in view.
 * @type {Map<HTMLElement, boolean>} */
const elements = new Map();
/** When items went out of view, in milliseconds.
 * @type {Map<number, number>} */
const left = new Map();
let onChange = () => {};
let lingerTimer = 0;
let restTimer = 0;

/** @param {HTMLElement} element */
const itemOf = (element) => Number(element.dataset.liveItem);

/** @param {IntersectionObserverEntry[]} entries */
function note(entries) {
  for (const { target, isIntersecting } of entries) {
    const element = /** @type {HTMLElement} */ (target);
    if (!elements.has(element)) continue;
    if (elements.get(element) && !isIntersecting && !element.closest(LONG)) left.set(itemOf(element), Date.now());
    elements.set(element, isIntersecting);
  }
}

const near = new IntersectionObserver((entries) => (note(entries), onChange()), { rootMargin: MARGIN });
const seen = new IntersectionObserver((entries) => {
  note(entries);
  clearTimeout(restTimer);
  restTimer = setTimeout(() => onChange(), AT_REST);
});

/** Call this where what is in view has changed.
 * @param {() => void} call */
export function watch(call) {
  onChange = call;
}

/** Which of the page's items are in view, or were a moment ago, or are wanted without being shown.
 * @param {Map<number, HTMLElement[]>} byItem all live elements of the page */
export function inView(byItem) {
  const present = new Set([...byItem.values()].flat());
  for (const element of elements.keys()) {
    if (present.has(element)) continue;
    near.unobserve(element);
    seen.unobserve(element);
    elements.delete(element);
  }
  for (const element of present) {
    if (elements.has(element) || element.dataset.liveField === "none") continue;
    elements.set(element, false);
    (element.closest(LONG) ? seen : near).observe(element);
  }
  const since = Date.now() - LINGER;
  for (const [item, at] of left) if (at < since || !byItem.has(item)) left.delete(item);
  clearTimeout(lingerTimer);
  if (left.size) lingerTimer = setTimeout(() => onChange(), LINGER);
  return [...byItem.keys()].filter(
    (item) =>
      left.has(item) ||
      byItem.get(item)?.some((element) => element.dataset.liveField === "none" || elements.get(element)),
  );
}
