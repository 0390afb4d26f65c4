import { timeTicks } from "../../assets/portfolio/chart_ticks.js";
import { equal } from "./support.js";

const HOUR = 3600;
const DAY = 24 * HOUR;
const START = Date.UTC(2026, 9, 20, 13, 7, 41) / 1000;
/** @param {number} length */
const labels = (length, most = 5, zone = 0) => timeTicks(START, START + length, most, zone).map(({ label }) => label);

Deno.test("ticks whose points are seconds apart tell the seconds", () => equal(labels(20).map((label) => label.match(/:(\d\d)\b(?!:)/)?.[1]), ["45", "50", "55", "00"]));
Deno.test("no label is there twice, however long the time", () => {
  for (const length of [1, 3, 20, 59, 61, 600, HOUR, 6 * HOUR, DAY - 1, DAY, 1.3 * DAY, 2 * DAY, 3 * DAY, 5 * DAY, 7 * DAY, 30 * DAY, 90 * DAY, 299 * DAY, 301 * DAY, 700 * DAY, 5000 * DAY]) {
    for (const most of [2, 5, 12]) for (const zone of [0, 5.5 * HOUR, -9 * HOUR]) {
      const found = labels(length, most, zone);
      equal([length, most, new Set(found).size], [length, most, found.length]);
      equal(found.length >= 1 && found.length <= most + 1, true);
    }
  }
});
Deno.test("days begin at the reader's midnight, and ticks lie within", () => {
  for (const { time } of timeTicks(START, START + 5 * DAY, 5, 2 * HOUR)) equal([(time + 2 * HOUR) % DAY, time >= START && time <= START + 5 * DAY], [0, true]);
});
