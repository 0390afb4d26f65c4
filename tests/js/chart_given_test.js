/* Which series the chart library is given anew. */
import { forget, keep } from "../../assets/item/chart_given.js";
import { equal } from "./support.js";

/** @param {string} id @param {number[]} closes @returns {Chart.Series} */
const series = (id, ...closes) => ({ id, type: "line", data: closes.map((value, at) => ({ time: 60 * at, value })), options: {} });

Deno.test("bars that have not changed are the array that was given", () => {
  const [price, volume] = keep([series("price", 1, 2), series("volume", 5, 6)]);
  const [again, other] = keep([series("price", 1, 2), series("volume", 5, 7)]);
  equal([again.data === price.data, other.data === volume.data], [true, false]);
  equal(keep([series("price", 1, 2, 3)])[0].data.length, 3);
  equal(keep([series("volume", 5, 7)])[0].data === other.data, false); // it was not drawn in between
});

Deno.test("after a tick everything is given anew", () => {
  const [price] = keep([series("price", 1, 2)]);
  forget();
  equal(keep([series("price", 1, 2)])[0].data === price.data, false);
});
