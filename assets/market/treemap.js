/* Gives the fields of a treemap (components/market/treemap.py) their places. */
import { find } from "../ui/elements.js";
import { squarify } from "./squarify.js";

const HEAD = 20;
const GAP = 1;
const LEAST_AREA = 3200; // square pixels that a field has on average; a small map shows fewer items
const SMALLER = 10 / 11; // the size of a change that stands alone, see .map-field[data-words="change"]

/** @param {HTMLElement} element @param {import("./squarify.js").Place} place */
function put(element, { x, y, w, h }) {
  Object.assign(element.style, {
    left: `${x}px`,
    top: `${y}px`,
    width: `${Math.max(0, w - GAP)}px`,
    height: `${Math.max(0, h - GAP)}px`,
  });
}

/** @param {HTMLElement[]} elements */
const heavy = (elements) => elements.map((element) => Number(element.dataset.weight));
/** @param {HTMLElement[]} elements */
const falling = (elements) => elements.sort((one, other) => Number(other.dataset.weight) - Number(one.dataset.weight));

/** Which of a field's words fit; read for all fields before anything is written, so that the browser lays out once.
 * @param {HTMLElement} field */
function fitting(field) {
  const [weapon, name, change] = ["weapon", "name", "change"].map((part) => find(field, `.map-${part}`));
  const [across, down] = field.classList.contains("map-large") ? [12, 6] : [6, 2]; // paddings of assets/market/treemap.css
  const [w, h] = [field.clientWidth - across, field.clientHeight - down];
  const changes = change.offsetWidth * SMALLER <= w && change.offsetHeight <= h;
  const named = change.offsetWidth <= w && changes && name.scrollWidth <= w && name.offsetHeight + change.offsetHeight <= h;
  const full = named && weapon && weapon.scrollWidth <= w;
  const all = full && weapon.offsetHeight + name.offsetHeight + change.offsetHeight <= h;
  return all ? "all" : named ? "name" : changes ? "change" : "none";
}

/** @param {HTMLElement} map */
function draw(map) {
  const box = { x: 0, y: 0, w: map.clientWidth, h: map.clientHeight };
  if (!box.w || !box.h) return;
  const shown = new Set(falling([...map.querySelectorAll(".map-field")]).slice(0, Math.max(10, Math.floor((box.w * box.h) / LEAST_AREA))));
  map.querySelectorAll(".map-field").forEach((field) => (field.hidden = !shown.has(field)));
  for (const kind of map.querySelectorAll(".map-kind")) {
    const weights = heavy([...kind.querySelectorAll(".map-field")].filter((field) => shown.has(field)));
    kind.hidden = !weights.length;
    kind.dataset.weight = String(weights.reduce((all, weight) => all + weight, 0));
  }
  const kinds = falling([...map.querySelectorAll(".map-kind:not([hidden])")]);
  /** @type {HTMLElement[]} */
  const fields = [];
  squarify(heavy(kinds), box).forEach((place, at) => {
    put(kinds[at], place);
    const head = place.h > 2 * HEAD ? HEAD : 0;
    kinds[at].classList.toggle("map-headless", !head);
    const inside = falling([...kinds[at].querySelectorAll(".map-field:not([hidden])")]);
    const room = { x: 0, y: head, w: place.w, h: place.h - head };
    squarify(heavy(inside), room).forEach((one, number) => {
      put(inside[number], one);
      inside[number].classList.toggle("map-large", one.w > 110 && one.h > 70);
      fields.push(inside[number]);
    });
  });
  fields.forEach((field) => delete field.dataset.words);
  const heads = kinds.map((kind) => find(kind, ".map-head"));
  heads.forEach((head) => head.classList.remove("map-tight", "map-nameless"));
  const words = fields.map(fitting);
  const room = heads.map((head) => [head.clientWidth - 10, ...[...head.children].map((part) => /** @type {HTMLElement} */ (part).offsetWidth)]);
  heads.forEach((head, at) => {
    const [width, name, figure] = room[at];
    head.classList.toggle("map-tight", name + figure + 8 > width);
    head.classList.toggle("map-nameless", name > width);
  });
  fields.forEach((field, at) => (field.dataset.words = words[at]));
  map.dataset.drawn = "";
}

/** A live change may be longer than the one that was measured.
 * @param {MutationRecord[]} records */
function refit(records) {
  const fields = [...new Set(records.map(({ target }) => (target instanceof Element ? target : target.parentElement)?.closest(".map-field:not([hidden])")))].filter((field) => field instanceof HTMLElement);
  fields.forEach((field) => delete field.dataset.words);
  const words = fields.map(fitting);
  fields.forEach((field, at) => (field.dataset.words = words[at]));
}

const texts = new MutationObserver(refit);
const sizes = new ResizeObserver((entries) => entries.forEach(({ target }) => draw(/** @type {HTMLElement} */ (target))));
document.addEventListener("tracera:markup", ({ detail }) => {
  detail.querySelectorAll(".map").forEach((map) => {
    draw(map);
    sizes.observe(map);
    texts.observe(map, { characterData: true, childList: true, subtree: true });
  });
});
