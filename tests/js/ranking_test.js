import { inOrder } from "../../assets/market/ranking.js";
import { equal } from "./support.js";

/** @param {(number | null)[]} changes @param {number} side */
const ranked = (changes, side) => inOrder(changes, (change) => change, side);

Deno.test("the greatest change comes first on either side", () => {
  equal(ranked([0.1, 0.3, 0.2], 1), { shown: [0.3, 0.2, 0.1], hidden: [] });
  equal(ranked([-0.1, -0.3, -0.2], -1), { shown: [-0.3, -0.2, -0.1], hidden: [] });
});
Deno.test("what turned round, stands still or is unknown is hidden", () => {
  equal(ranked([0.1, -0.2, 0, null, 0.4], 1), { shown: [0.4, 0.1], hidden: [-0.2, 0, null] });
  equal(ranked([0.1, -0.2, 0, null, 0.4], -1), { shown: [-0.2], hidden: [0.1, 0, null, 0.4] });
});
Deno.test("equal ones stay as they were", () => {
  const rows = [{ name: "a" }, { name: "b" }];
  equal(inOrder(rows, () => 1, 1).shown, rows);
});
