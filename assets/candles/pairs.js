/* The table of pairs (components/candles/table.py): its order, its sparklines, and the keyboard. */
import { clicked, ordered, readOrder, writeOrder } from "./pair_order.js";
import { closest, find } from "../ui/elements.js";
import { sparkPath, sparkSide } from "../ui/sparkline.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 96;
const HEIGHT = 22;
const SAID = ["falling", "unchanged", "rising"];
const SIDES = ["down", "neutral", "up"];

const table = () => /** @type {HTMLTableElement | null} */ (document.querySelector("table.pairs"));

/** @param {HTMLElement} place */
function sparkline(place) {
  const levels = JSON.parse(String(place.dataset.spark));
  const side = sparkSide(levels) + 1;
  const svg = document.createElementNS(SVG, "svg");
  const attributes = { class: `items-spark ${SIDES[side]}`, viewBox: `0 0 ${WIDTH} ${HEIGHT}`, width: WIDTH, height: HEIGHT, role: "img", "aria-label": `24 hours, ${SAID[side]}` };
  for (const [name, value] of Object.entries(attributes)) svg.setAttribute(name, String(value));
  svg.appendChild(document.createElementNS(SVG, "path")).setAttribute("d", sparkPath(levels, WIDTH, HEIGHT));
  place.replaceChildren(svg);
}

/** Put the rows in the order that the address names, and say so in the head. */
function arrange() {
  const found = table();
  if (!found) return;
  const order = readOrder(new URLSearchParams(location.search));
  const body = found.tBodies[0];
  const rows = [...body.rows];
  const wanted = ordered(rows, (row) => find(row, `.pair-${order.column}`).dataset.value, order);
  if (wanted.some((row, at) => row !== rows[at])) {
    const focus = document.activeElement;
    body.append(...wanted);
    if (focus && body.contains(focus)) focus.focus({ preventScroll: true });
  }
  for (const button of found.querySelectorAll("button[data-sort]")) {
    const head = button.parentElement;
    if (!head) continue;
    if (button.dataset.sort === order.column) head.setAttribute("aria-sort", order.ascending ? "ascending" : "descending");
    else head.removeAttribute("aria-sort");
  }
}

document.addEventListener("tracera:markup", () => {
  if (!table()) return;
  document.querySelectorAll("[data-spark]").forEach(sparkline);
  arrange();
});
document.addEventListener("click", (event) => {
  const button = closest(event, "table.pairs button[data-sort]");
  if (!button?.dataset.sort) return;
  const query = new URLSearchParams(location.search);
  writeOrder(query, clicked(readOrder(query), button.dataset.sort));
  const text = query.toString();
  history.pushState(null, "", location.pathname + (text ? `?${text}` : ""));
  arrange();
});
window.addEventListener("popstate", () => setTimeout(arrange));

// From one pair to the next

/** @type {Record<string, number>} */
const STEPS = { ArrowDown: 1, ArrowUp: -1 };
document.addEventListener("keydown", (event) => {
  const link = closest(event, ".pair-link");
  if (!link || !STEPS[event.key]) return;
  const links = [...document.querySelectorAll(".pair-link")];
  event.preventDefault();
  links[links.indexOf(link) + STEPS[event.key]]?.focus();
});
