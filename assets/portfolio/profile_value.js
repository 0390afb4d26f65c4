/* Values a public Steam profile without an account; see components/portfolio/owner.py. */
import { now } from "../live/clock.js";
import * as api from "../ui/api.js";
import { closest, el, find, icon } from "../ui/elements.js";
import { formatCount, formatCounted, money } from "../ui/format.js";
import { unknown } from "./figures.js";

const LISTED = 10;
let waiting = 0;

/** @param {Api.ProfileValue} value */
function shown(value) {
  const unit = { currency: value.currency, scale: 100 };
  const words = [formatCounted(value.item_count, "item", "items")];
  if (value.unpriced.length) words.push(`${formatCount(value.unpriced.length)} kinds without a price`);
  if (value.not_marketable) words.push(`${formatCount(value.not_marketable)} that cannot be sold`);
  if (value.hidden) words.push(`${formatCount(value.hidden)} hidden by Steam`);
  const held = value.holdings.filter((row) => row.tradable_after && Date.parse(row.tradable_after) > now()).length;
  if (held) words.push(`${formatCounted(held, "kind", "kinds")} on hold`);
  const rows = value.holdings.slice(0, LISTED).map((row) =>
    el(
      "tr",
      {},
      el("th", { scope: "row" }, row.item_id ? el("a", { href: `/item/${row.item_id}`, "data-inner": true, text: row.market_hash_name }) : row.market_hash_name),
      el("td", { text: `\u00d7 ${row.quantity}` }),
      el("td", {}, row.total_value === null ? unknown("nobody quotes a price") : money(row.total_value, unit)),
    ),
  );
  const total = value.total_value === null ? unknown("nothing here has a price") : money(value.total_value, unit);
  const caption = el("caption", { class: "out-of-sight", text: "The dearest items of this inventory" });
  return [
    el("p", { class: "portfolio-look-total" }, total),
    el("p", { class: "portfolio-note", text: `${words.join(", ")} \u00b7 ${value.steam_id}` }),
    value.note ? el("p", { class: "portfolio-note", text: value.note }) : null,
    rows.length ? el("table", { class: "portfolio-look-rows" }, caption, el("tbody", {}, rows)) : null,
  ];
}

/** Counts the seconds down until another profile may be asked for.
 * @param {HTMLButtonElement} button @param {number} seconds */
function pause(button, seconds) {
  clearInterval(waiting);
  const words = button.dataset.words || (button.dataset.words = button.textContent);
  const until = Date.now() + 1000 * seconds;
  const tick = () => {
    const left = Math.ceil((until - Date.now()) / 1000);
    button.disabled = left > 0;
    button.textContent = left > 0 ? `Again in ${left} s` : words;
    if (left <= 0) clearInterval(waiting);
  };
  tick();
  waiting = setInterval(tick, 1000);
}

/** @param {HTMLFormElement} form */
async function look(form) {
  const result = find(document, "#portfolio-look-result");
  const button = /** @type {HTMLButtonElement} */ (form.querySelector("[type=submit]"));
  if (button.disabled || form.getAttribute("aria-busy") === "true") return;
  form.setAttribute("aria-busy", "true");
  result.replaceChildren(el("p", { class: "portfolio-note", text: "Asking Steam\u2026 a large inventory takes half a minute." }));
  const profile = String(new FormData(form).get("profile")).trim();
  /** @type {Api.Answer<Api.ProfileValue>} */
  const answer = await api.call("GET", `/api/v1/profiles/value?profile=${encodeURIComponent(profile)}`);
  form.removeAttribute("aria-busy");
  if (answer.ok) result.replaceChildren(...shown(answer.data).filter((part) => part !== null));
  else result.replaceChildren(el("div", { class: "alert" }, icon("alert", 18), el("span", { text: answer.data.error })));
  if (answer.wait && answer.status === 429) pause(button, answer.wait);
}

document.addEventListener("submit", (event) => {
  const form = closest(event, "#portfolio-look");
  if (!(form instanceof HTMLFormElement)) return;
  event.preventDefault();
  look(form);
});
