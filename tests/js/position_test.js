import { Position } from "../../assets/live/position.js";
import { equal } from "./support.js";

/** One that has items 1 and 2 up to offset 10. */
function settled() {
  const position = new Position();
  position.open();
  position.ask([1, 2]);
  position.answer({ epoch: "e", offset: 10 });
  return position;
}

/** @param {Position} position */
const where = (position) => [position.epoch, position.offset, position.held([1, 2, 3])];

Deno.test("without an answer nothing can be resumed", () => {
  const position = new Position();
  position.open();
  position.ask([1]);
  position.hear({ offset: 7 });
  equal(where(position), ["", 0, []]);
  position.answer({});
  equal([where(position), position.numbered], [["", 0, []], false]);
});
Deno.test("prices move it on, and never back", () => {
  const position = settled();
  position.hear({ offset: 12 });
  position.hear({ offset: 11 });
  position.hear({});
  equal(where(position), ["e", 12, [1, 2]]);
});
Deno.test("it stands still from a subscription to the answer behind its snapshot", () => {
  const position = settled();
  position.ask([1, 2, 3]);
  position.hear({ offset: 20 });
  equal(where(position), ["e", 10, [1, 2]]);
  position.answer({ epoch: "e", offset: 25 });
  equal(where(position), ["e", 25, [1, 2, 3]]);
});
Deno.test("of two questions the last one's answer counts", () => {
  const position = settled();
  position.ask([1, 2, 3]);
  position.ask([1, 2, 3]);
  position.answer({ epoch: "e", offset: 25 });
  equal([where(position), position.settled], [["e", 10, [1, 2]], false]);
  position.answer({ epoch: "e", offset: 26 });
  equal(where(position), ["e", 26, [1, 2, 3]]);
});
Deno.test("a new connection keeps it, and answers of the old one are not waited for", () => {
  const position = settled();
  position.ask([1, 2, 3]);
  position.open();
  position.hear({ offset: 99 });
  equal(where(position), ["e", 10, [1, 2]]);
  position.ask([1, 2, 3]);
  position.answer({ epoch: "e", offset: 100 });
  equal(where(position), ["e", 100, [1, 2, 3]]);
});
Deno.test("items that were given up are not held", () => {
  const position = settled();
  position.leave([2]);
  equal(where(position), ["e", 10, [1]]);
});
Deno.test("after a loss everything is asked for again", () => {
  const position = settled();
  position.lose();
  position.hear({ offset: 30 });
  equal(where(position), ["e", 10, []]);
});
Deno.test("what could not be read keeps it where it is, till that is asked for again", () => {
  const position = settled();
  position.ask([1, 2]);
  equal(position.missed, false);
  position.miss();
  position.hear({ offset: 30 });
  equal([where(position), position.missed], [["e", 10, [1, 2]], false]); // a question is open, and its answer is of no use
  position.answer({ epoch: "e", offset: 31 });
  equal([where(position), position.missed, position.settled], [["e", 10, [1, 2]], true, false]);
  position.mend();
  position.ask([1, 2]);
  position.answer({ epoch: "e", offset: 32 });
  equal([where(position), position.missed, position.settled], [["e", 32, [1, 2]], false, true]);
});
Deno.test("a new connection has missed nothing", () => {
  const position = settled();
  position.miss();
  position.open();
  equal([where(position), position.missed], [["e", 10, [1, 2]], false]);
});
