import { themed } from "../../assets/ui/plot_theme.js";
import { equal } from "./support.js";

/** @type {Record<string, string>} */
const COLOURS = { "--tracera-up": " #04707e", "--tracera-font": "Arial, sans-serif" };
const style = { getPropertyValue: (/** @type {string} */ name) => COLOURS[name] ?? "" };

Deno.test("names of variables become what they hold, whatever they stand in", () => {
  const figure = { data: [{ y: [1, null, 2.5], line: { color: "--tracera-up" } }], font: { family: "--tracera-font" } };
  const wanted = { data: [{ y: [1, null, 2.5], line: { color: "#04707e" } }], font: { family: "Arial, sans-serif" } };
  equal(themed(figure, style), wanted);
});
Deno.test("other texts stay as they are", () => equal(themed(["-- 5 %", "a --b", "", true], style), ["-- 5 %", "a --b", "", true]));
