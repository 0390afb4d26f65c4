import { squarify } from "../../assets/market/squarify.js";
import { equal } from "./support.js";

const BOX = { x: 10, y: 20, w: 600, h: 400 };
const WEIGHTS = [6, 6, 4, 3, 2, 2, 1]; // the example of the paper, whose rectangle is 6 by 4

Deno.test("areas are as the weights, and fill the rectangle", () => {
  const areas = squarify(WEIGHTS, BOX).map(({ w, h }) => Math.round(w * h));
  equal(areas, WEIGHTS.map((weight) => weight * 10_000));
});
Deno.test("places are near to squares, as the paper draws them", () => {
  const [first, second, third] = squarify(WEIGHTS, BOX);
  equal([first, second], [{ x: 10, y: 20, w: 300, h: 200 }, { x: 10, y: 220, w: 300, h: 200 }]);
  equal([third.x, third.y, Math.round(third.h)], [310, 20, 233]);
});
Deno.test("no weights, no places", () => equal(squarify([], BOX), []));
