import { parseAmount, writeAmount } from "../../assets/portfolio/amounts.js";
import { equal } from "./support.js";

/** @param {string} text @param {string} currency @param {number} decimals */
const read = (text, currency, decimals) => {
  const found = parseAmount(text, currency, decimals);
  return found instanceof Error ? found.message : found;
};

Deno.test("an amount is read in minor units", () => {
  equal(read("1234.56", "USD", 2), 123456);
  equal(read("1234,5", "EUR", 2), 123450);
  equal(read("1\u00a0234,56", "EUR", 2), 123456);
  equal(read("0", "USD", 2), 0);
  equal(read("1,234", "JPY", 0), 1234);
});

Deno.test("what is not an amount says why", () => {
  equal(read("", "USD", 2), "Write an amount such as 1234.56, without a sign.");
  equal(read("-1", "JPY", 0), "Write an amount such as 1234, without a sign.");
  equal(read("1,234", "USD", 2), "USD has 2 decimals.");
  equal(read("0.5", "JPY", 0), "JPY has no decimals.");
});

Deno.test("both ways to write an ambiguous amount are taken", () => {
  equal(read("1,500", "KWD", 3), "This may be read in two ways: write 1.5000, or 1500.");
  equal(read("1.5000", "KWD", 3), 1500);
  equal(read("1500", "KWD", 3), 1500000);
  equal(read("1.5001", "KWD", 3), "KWD has 3 decimals.");
});

Deno.test("an amount is written as it is read", () => {
  equal([writeAmount(123456, 2), writeAmount(5, 2), writeAmount(0, 2), writeAmount(1234, 0)], ["1234.56", "0.05", "0.00", "1234"]);
  for (const amount of [0, 1, 999, 1000, 123456]) for (const decimals of [0, 2, 3]) equal(read(writeAmount(amount, decimals), "XXX", decimals), amount);
});
