import { CandleHistory, bounded, fromRows, windowAround, withGaps } from "../../assets/item/chart_history.js";
import { equal } from "./support.js";

/** Candles of these minutes; each closes at its minute. @param {number[]} minutes */
const candles = (...minutes) => ({ time: minutes.map((minute) => 60 * minute), open: minutes, high: minutes, low: minutes, close: minutes, volume: minutes });
/** @param {number} from @param {number} to */
const range = (from, to) => Array.from({ length: to - from }, (_, at) => from + at);
const rule = { margin: 100, held: false };

Deno.test("a missing candle is a bar without a price", () => {
  const found = withGaps(candles(1, 2, 5), 60);
  equal(found.time, [60, 120, 180, 240, 300]);
  equal([found.close, found.volume], [[1, 2, null, null, 5], [1, 2, null, null, 5]]);
});
Deno.test("a hole of a week is no week wide", () => equal(withGaps(candles(1, 10_000), 60).time.length, 62));
Deno.test("rows come as columns, in seconds and units", () => equal(fromRows([[60_000, 1, 4, 0, 2, 500]], 100), { time: [60], open: [1], high: [4], low: [0], close: [2], volume: [5] }));

Deno.test("older pages stand in front, without a gap and without a bar twice", () => {
  const history = new CandleHistory(candles(...range(100, 110)), 60);
  equal(history.prepend(candles(...range(90, 102))), 10);
  equal(history.prepend(candles(...range(80, 88))), 10);
  equal([history.length, history.oldest], [30, 80 * 60]);
  const all = history.slice(0, history.length);
  equal(all.time, range(80, 110).map((minute) => 60 * minute));
  equal(all.close, [...range(80, 88), null, null, ...range(90, 110)]);
  equal(history.slice(8, 12).close, [null, null, 90, 91]);
  equal(history.prepend(candles()), 0);
});
Deno.test("newer candles take the place of those that ran, or do not fit", () => {
  const history = new CandleHistory(candles(...range(0, 10)), 60);
  equal(history.replaceTail({ ...candles(8, 9, 10), close: [80, 90, 100] }), true);
  equal([history.length, history.slice(7, 11).close], [11, [7, 80, 90, 100]]);
  equal(history.replaceTail(candles(500, 501)), false);
  equal(history.length, 11);
});

Deno.test("what is drawn follows what is seen, with a margin", () => {
  const drawn = { first: 900, end: 1100 };
  equal(windowAround({ from: 980, to: 1020 }, 2000, drawn, rule), null);
  equal(windowAround({ from: 930, to: 970 }, 2000, drawn, rule), { first: 830, end: 1070 });
  equal(windowAround({ from: 1040, to: 1080 }, 2000, drawn, rule), { first: 940, end: 1180 });
  equal(windowAround({ from: -20, to: 20 }, 2000, { first: 0, end: 120 }, rule), null);
  equal(windowAround({ from: 10, to: 50 }, 2000, drawn, rule), { first: 0, end: 150 });
});
Deno.test("too much is not drawn", () => equal(windowAround({ from: 980, to: 1020 }, 5000, { first: 0, end: 5000 }, rule), { first: 880, end: 1120 }));
Deno.test("under a finger the right end stays", () => {
  const holding = { ...rule, held: true };
  equal(windowAround({ from: 930, to: 970 }, 2000, { first: 900, end: 1100 }, holding), { first: 830, end: 1100 });
  equal(windowAround({ from: 1040, to: 1080 }, 2000, { first: 900, end: 1100 }, holding), null);
});

Deno.test("one looks no further than bars go, and at no more than have a place", () => {
  equal(bounded({ from: 10, to: 60 }, 1000, 500), { from: 10, to: 60 });
  equal(bounded({ from: 0, to: 2000 }, 1000, 500), { from: 600, to: 1100 });
  equal(bounded({ from: -90, to: 10 }, 1000, 500), { from: -20, to: 80 });
});
