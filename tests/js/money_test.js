import { convert, netProceeds } from "../../assets/portfolio/money.js";
import { equal, readJson } from "./support.js";

Deno.test("an amount is converted exactly and rounded half to even", () => {
  equal([1, 3, 5].map((price) => convert(price, 1, [1, 2])), [0, 2, 2]);
  equal(convert(9_007_199_254_740_991, 1, [1, 1]), 9_007_199_254_740_991);
  equal(convert(100, 3, [9, 10]), 270);
});
Deno.test("what is unknown stays unknown", () => equal([convert(null, 1, [1, 1]), convert(1, null, [1, 1]), convert(1, 1, null)], [null, null, null]));
Deno.test("a seller's share of a price, where the fee is known", () => {
  for (const [source, price, left] of readJson("../format_examples.json").net_proceeds) equal(netProceeds(source, price, { skinport: 800 }), left);
});
