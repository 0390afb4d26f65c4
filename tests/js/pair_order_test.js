import { USUAL, clicked, ordered, readOrder, writeOrder } from "../../assets/candles/pair_order.js";
import { sparkPath, sparkSide } from "../../assets/ui/sparkline.js";
import { equal } from "./support.js";

/** @typedef {import("../../assets/candles/pair_order.js").Order} Order */
/** @param {string} text */
const read = (text) => readOrder(new URLSearchParams(text));
/** @param {Order} order */
const written = (order) => {
  const query = new URLSearchParams("sort=price&order=asc&x=1");
  writeOrder(query, order);
  return query.toString();
};

Deno.test("an order goes to the address and comes back", () => {
  for (const order of [USUAL, { column: "change", ascending: true }, { column: "item", ascending: false }]) equal(read(written(order)), order);
  equal(written(USUAL), "x=1");
  equal([read(""), read("sort=nope"), read("sort=nope&order=asc")], [USUAL, USUAL, USUAL]);
});
Deno.test("a click begins with the greatest, names with A; another turns it round", () => {
  const once = clicked(USUAL, "change");
  equal([once, clicked(once, "change")], [{ column: "change", ascending: false }, { column: "change", ascending: true }]);
  equal(clicked(USUAL, "item"), { column: "item", ascending: true });
});
Deno.test("figures are sorted as figures, unknown ones come last at either end", () => {
  const rows = ["9", "", "-10", "1e3", undefined];
  /** @param {Order} order */
  const sorted = (order) => ordered(rows, (row) => row, order);
  equal(sorted({ column: "price", ascending: true }), ["-10", "9", "1e3", "", undefined]);
  equal(sorted({ column: "price", ascending: false }), ["1e3", "9", "-10", "", undefined]);
  equal(ordered(["ETH", "ADA", "BTC"], (row) => row, { column: "item", ascending: true }), ["ADA", "BTC", "ETH"]);
});
Deno.test("a sparkline has a gap where nothing is known, and a side", () => {
  equal(sparkPath([0, 100, null, 50], 30, 12), "M0.0 10.0L10.0 2.0M30.0 6.0");
  equal([sparkSide([null, 1, 5]), sparkSide([5, 1]), sparkSide([3, 9, 3])], [1, -1, 0]);
});
