// Numbers and times by the examples that the Python suite reads, too: tests/components/ui/test_format_examples.py.
import {
  direction, formatAge, formatChange, formatClock, formatCounted, formatFixed, formatGain, formatMoney, formatMoment, formatPercent,
  formatSigned, money, UNKNOWN,
} from "../../assets/ui/format.js";
import { equal, readJson } from "./support.js";

const examples = readJson("../format_examples.json");

/** @param {string} text */
const plain = (text) => text.replaceAll("\u00a0", " ");

for (const [minor, scale, currency, text] of examples.money) {
  Deno.test(`money: ${minor} of ${scale} in ${currency}`, () => equal(plain(formatMoney(minor, scale, currency)), text));
}
for (const [price, base, text, towards] of examples.change) {
  Deno.test(`a change from ${base} to ${price}`, () => {
    const [found, way] = formatChange(price, base);
    equal([plain(found), way], [text, towards]);
  });
}
for (const [value, digits, text] of examples.percent) {
  Deno.test(`${value} % with ${digits} digits`, () => {
    equal(plain(formatPercent(value / 100, digits, true)), text);
    equal(direction(value, digits), text.startsWith("▲") ? "up" : text.startsWith("▼") ? "down" : "neutral");
  });
}
for (const [seconds, text] of examples.age) Deno.test(`an age of ${seconds} s`, () => equal(formatAge(seconds), text));

Deno.test("what is unknown is a dash, never nothing or 0", () => equal(money(null, { scale: 100, currency: "USD" }), UNKNOWN));
Deno.test("a gain has sign and arrow", () => {
  const unit = { scale: 100, currency: "USD" };
  equal([150, -150, 0].map((minor) => formatGain(minor, unit)), ["▲ +$1.50", "▼ \u2212$1.50", "$0.00"]);
});
Deno.test("what rounds to nothing has no sign", () => {
  equal([0.004, -0.004, 1.2, -1.2].map((value) => formatSigned(value, 2)), ["0.00", "0.00", "+1.20", "\u22121.20"]);
  equal(formatFixed(-1.234, 1), "\u22121.2");
  equal(formatPercent(-0.0004), "0.0\u00a0%");
});
Deno.test("one thing, several things, a clock", () => {
  equal([formatCounted(1, "item", "items"), formatCounted(2000, "item", "items")], ["1\u00a0item", "2,000\u00a0items"]);
  equal([formatClock(125), formatClock(59.9)], ["2:05", "0:59"]);
});
Deno.test("a day without a time is the same day in every zone", () => {
  equal(formatMoment("2026-03-01T00:00:00Z", false), new Date(2026, 2, 1).toLocaleDateString(undefined, { year: "numeric", month: "short", day: "numeric" }));
});
