import { MOST, checkedValue, formatIndicators, label, parseIndicators, parseLevels, withDefaults, word } from "../../assets/item/chart_selection.js";
import { levelLines } from "../../assets/item/chart_levels.js";
import { equal } from "./support.js";

/** @param {string} name @param {number} value */
const period = (name, value) => ({ name, kind: "integer", default: value, minimum: 2, maximum: 500 });
const REGISTRY = [
  { name: "ema", title: "Exponential moving average", pane: "price", series: ["ema"], parameters: [period("period", 20)] },
  { name: "bollinger", title: "Bollinger bands", pane: "price", series: ["upper", "middle", "lower"], parameters: [period("period", 20), { name: "deviations", kind: "number", default: 2, minimum: 0.1, maximum: 10 }] },
  { name: "macd", title: "MACD", pane: "own", series: ["macd", "signal", "histogram"], parameters: [period("fast", 12), period("slow", 26), period("signal", 9)] },
  { name: "obv", title: "On-balance volume", pane: "own", series: ["obv"], parameters: [] },
];
/** @param {string} text */
const words = (text) => parseIndicators(text, REGISTRY).map(word);

Deno.test("choices as text, and back", () => {
  const text = "ema:50,-bollinger:20:2.5,obv";
  equal(formatIndicators(parseIndicators(text, REGISTRY)), text);
  equal(parseIndicators(text, REGISTRY).map(({ hidden }) => hidden), [false, true, false]);
});
Deno.test("what is not given has its default", () => equal(words("ema,macd:5"), ["ema:20", "macd:5:26:9"]));
Deno.test("what is unknown, out of range or there twice is left out", () => {
  for (const text of ["nope", "ema:1", "ema:501", "ema:5.5", "ema:x", "ema:", "ema:5:6", "macd:30:20", ""]) equal([text, words(text)], [text, []]);
  equal(words("ema,ema:20,ema:21"), ["ema:20", "ema:21"]);
  equal(words(Array.from({ length: 20 }, (_, at) => `ema:${at + 2}`).join(",")).length, MOST);
});
Deno.test("a value that is typed", () => {
  const [whole, number] = [REGISTRY[0].parameters[0], REGISTRY[1].parameters[1]];
  equal(["14", " 14 ", "", "1", "2.5", "1e2", "x"].map((text) => checkedValue(whole, text)), [14, 14, null, null, null, 100, null]);
  equal(["2.5", "0.1", "0", "11"].map((text) => checkedValue(number, text)), [2.5, 0.1, null, null]);
});
Deno.test("short names", () => equal(REGISTRY.map((one) => label(withDefaults(one), one)), ["EMA 20", "Bollinger 20 \u00b7 2", "MACD 12 \u00b7 26 \u00b7 9", "OBV"]));
Deno.test("codes of levels", () => equal(parseLevels("dh,ath,pdl,dh,zz,fib,"), ["dh", "ath", "pdl", "fib"]));

const day = { high: 110, low: 90, open: 95, mid: 100, previous: { high: 110, low: null, open: 91, mid: null } };
const DATA = { periods: { day }, all_time: { ath: 200, atl: 10, fib_levels: { 0: 10, 50: 105, 100: 200 } } };

Deno.test("levels are lines, highest first, one for each price, and none where unknown", () => {
  const lines = levelLines(DATA, ["dl", "dh", "pdh", "pdl", "ath"]);
  equal(lines.map(({ price, title }) => [price, title]), [[200, "ATH"], [110, "D high \u00b7 PD high"], [90, "D low"]]);
  equal(levelLines(DATA, ["fib", "atl", "wh"]).map(({ price, title }) => [price, title]), [[200, "Fib 100"], [105, "Fib 50"], [10, "Fib 0 \u00b7 ATL"]]);
  equal(levelLines(null, ["dh"]), []);
});
