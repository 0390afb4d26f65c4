import { fromText, KINDS, kindOf, known, suggested, toText, unitOf } from "../../assets/alerts/kinds.js";
import { equal } from "./support.js";

const dollars = { price: 1_234, price_scale: 100, currency: "USD" };
const bitcoin = { price: null, price_scale: 100_000_000, currency: "USDT" };

Deno.test("a threshold begins beside what holds now", () => {
  equal([suggested("price", "above", dollars), suggested("price", "below", dollars), suggested("price", "above", bitcoin)], [1_357, 1_111, null]);
  equal([suggested("change", "either", dollars), suggested("change", "below", dollars), suggested("stale", "above", dollars)], [10, -10, 24]);
});
Deno.test("money is typed in whole units, other thresholds as they are", () => {
  equal([toText(1_357, "price", dollars), toText(null, "price", bitcoin), toText(-10, "change", dollars)], ["13.57", "", "-10"]);
  equal([fromText("13,5", "price", dollars), fromText("0.00000001", "price", bitcoin), fromText("1.234", "price", dollars), fromText("-5", "price", dollars)], [1_350, 1, null, null]);
  equal([fromText("\u22125.5", "change", dollars), fromText("a", "sigma", dollars), fromText("", "stale", dollars)], [-5.5, null, null]);
});
Deno.test("every kind is named by itself, with its unit", () => {
  for (const [name, kind] of Object.entries(KINDS)) equal(kindOf(kind), name);
  equal(["price", "change", "sigma", "stale"].map((kind) => unitOf(kind, dollars)), ["USD", "percent", "daily sigmas", "hours"]);
});
Deno.test("a look back says how much of it is known, where that is not all", () => {
  const said = (/** @type {number} */ hours) => known(hours, 90).replace("\u00a0", " ");
  equal([said(90 * 24), said(89 * 24), said(88 * 24 + 23)], ["", "", ", of which 88 days are known"]);
  equal([said(24), said(23), said(1)], [", of which 1 day is known", ", of which 23 hours are known", ", of which 1 hour is known"]);
});
