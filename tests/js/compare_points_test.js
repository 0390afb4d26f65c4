import { points } from "../../assets/compare/points.js";
import { equal } from "./support.js";

const TIME = [0, 1, 2, 3, 4, 5];
const HOLE = { color: "transparent" };

Deno.test("every moment has its place, and what is unknown no value", () =>
  equal(points({ levels: [100, null, 102, 103, 104, null], gaps: [] }, TIME, "red"), {
    data: [{ time: 0, value: 100 }, { time: 1 }, { time: 2, value: 102 }, { time: 3, value: 103 }, { time: 4, value: 104 }, { time: 5 }],
    dots: [],
  }));
Deno.test("no line leads over a gap, and what stands between two of them is a dot", () => {
  const { data, dots } = points({ levels: [100, 101, null, 99, null, 98], gaps: [1, 3] }, TIME, "red");
  equal(data, [{ time: 0, value: 100 }, { time: 1, value: 101, ...HOLE }, { time: 2 }, { time: 3, value: 99, ...HOLE }, { time: 4 }, { time: 5, value: 98 }]);
  equal(dots.map(({ time }) => time), [3, 5]);
});
