/* The chart's figures to take away: the table below it, CSV and PNG. */
import { INTERVALS, colour, definition, drawn, moment, money, view, volumeName } from "./chart_state.js";
import { ownValue, parts } from "./chart_series.js";
import { label, word } from "./chart_selection.js";
import { csvFile } from "../ui/csv.js";
import { closest, find } from "../ui/elements.js";
import { UNKNOWN, formatCount } from "../ui/format.js";

const TABLE_ROWS = 500;
/** @typedef {"open" | "high" | "low" | "close" | "lower" | "middle" | "upper"} PriceName */
const BANDS = { lower: "Lower band", middle: "Middle", upper: "Upper band" };
const PRICES = { open: "Open", high: "High", low: "Low", close: "Close" };

const EDGES = /** @type {const} */ (["upper", "middle", "lower"]);
/** @param {"caption" | "th" | "td"} kind @param {string} text @param {string} [scope] */
const cell = (kind, text, scope) => Object.assign(document.createElement(kind), { textContent: text, ...(scope ? { scope } : {}) });

/** @typedef {{name: string, key: string, chosen: import("./chart_selection.js").Chosen, indicator: import("./chart_selection.js").Indicator, part: string}} Drawn */

/** The series of the indicators that are drawn, with what each is called.
 * @returns {Drawn[]} */
const drawnIndicators = () =>
  view.indicators
    .filter((chosen) => !chosen.hidden)
    .flatMap((chosen) => {
      const indicator = definition(chosen.name);
      const all = parts(chosen);
      return all.map((part) => ({ name: all.length > 1 ? `${label(chosen, indicator)} ${part}` : label(chosen, indicator), key: `${word(chosen)} ${part}`.replaceAll(" ", "_"), chosen, indicator, part }));
    });

/** @param {Drawn} one @param {number} at */
const value = ({ chosen, part }, at) => view.values.get(word(chosen))?.[part]?.get(drawn().time[at]) ?? null;
/** @param {Drawn} one @param {number} at */
const written = (one, at) => {
  const found = value(one, at);
  return one.indicator.pane === "price" ? money(found === null ? null : found * drawn().scale) : ownValue(one.chosen.name, found);
};

/** Write the table, if it is open: the newest of the bars that are drawn. */
export function table() {
  const target = document.getElementById("price-chart-rows");
  const { chart } = view;
  if (!target || !chart || !document.getElementById("price-chart-table")?.hasAttribute("open")) return;
  const bars = chart.time.map((_, at) => at).filter((at) => chart.close[at] !== null);
  const shown = bars.slice(-TABLE_ROWS).reverse();
  const body = document.createElement("table");
  const more = shown.length < bars.length ? `the newest ${TABLE_ROWS} of ${formatCount(bars.length)} bars; the CSV holds all` : `${bars.length} bars`;
  body.append(cell("caption", `${chart.name}, ${chart.source}, bars of ${INTERVALS[chart.seconds]}, in UTC: ${more}`));
  /** @type {Partial<Record<PriceName, string>>} */
  const titles = { ...PRICES, ...(chart.upper ? BANDS : {}) };
  const columns = /** @type {PriceName[]} */ (Object.keys(titles));
  const indicators = drawnIndicators();
  const heads = ["Time", ...Object.values(titles), volumeName(), ...indicators.map(({ name }) => name)];
  body.createTHead().insertRow().append(...heads.map((name) => cell("th", name, "col")));
  const rows = body.createTBody();
  for (const at of shown) {
    const row = rows.insertRow();
    row.append(cell("th", moment(chart.time[at]), "row"));
    for (const name of columns) row.append(cell("td", money(chart[name]?.[at]) + (name === "close" && chart.outliers.includes(at) ? " (outlier)" : "")));
    const volume = chart.volume[at];
    row.append(cell("td", volume === null ? UNKNOWN : formatCount(volume)));
    row.append(...indicators.map((one) => cell("td", written(one, at))));
  }
  target.replaceChildren(body);
}
document.addEventListener("toggle", (event) => closest(event, "#price-chart-table") && table(), true);

/** @param {string} url @param {string} ending */
function save(url, ending) {
  const { name, source, window } = drawn();
  const slug = name.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");
  Object.assign(document.createElement("a"), { href: url, download: `${slug}-${source}-${window}.${ending}` }).click();
}

/** The picture with a line above it that says what it shows.
 * @param {string} image */
async function titled(image) {
  const bytes = Uint8Array.from(atob(image.split(",")[1]), (letter) => letter.charCodeAt(0));
  const picture = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
  const ratio = picture.width / find(document, "#price-chart-frame table:has(canvas)").clientWidth;
  const [margin, height] = [12 * ratio, 36 * ratio];
  const canvas = Object.assign(document.createElement("canvas"), { width: picture.width, height: picture.height + height });
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  pen.fillStyle = colour("surface");
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(picture, 0, height);
  /** @param {string} text @param {number} weight @param {string} name @param {number} from */
  const say = (text, weight, name, from) => {
    pen.font = `${weight} ${14 * ratio}px ${getComputedStyle(document.body).fontFamily}`;
    pen.fillStyle = colour(name);
    pen.fillText(text, from, 23 * ratio);
    return from + pen.measureText(text).width + margin;
  };
  const { seen } = view;
  const chart = drawn();
  const last = chart.time.length - 1;
  /** @param {number} bar */
  const at = (bar) => moment(chart.time[Math.min(last, Math.max(0, Math.round(bar)))]);
  const range = `${at(seen ? seen.from : 0)} \u2013 ${at(seen ? seen.to : last)}`;
  const drawnNames = [...new Set(drawnIndicators().map((one) => label(one.chosen, one.indicator)))];
  const next = say(chart.name, 600, "text", margin);
  say([chart.source + (chart.simulated ? " (simulated)" : ""), range, ...drawnNames].join(" \u00b7 "), 400, "muted", next);
  return canvas.toDataURL("image/png");
}

/** Offer the picture that the library has taken.
 * @param {string} image */
export const savePng = async (image) => save(await titled(image), "png");

function csvRows() {
  const chart = drawn();
  const names = /** @type {const} */ (["open", "high", "low", "close", "volume", ...(chart.upper ? EDGES : [])]);
  const indicators = drawnIndicators();
  /** @param {(typeof names)[number]} name @param {Chart.Value} found */
  const unit = (name, found) => (found === null || name === "volume" ? found : found / chart.scale);
  const rows = chart.time.flatMap((time, at) => {
    if (chart.close[at] === null) return [];
    const cells = [...names.map((name) => unit(name, chart[name]?.[at] ?? null)), ...indicators.map((one) => value(one, at))];
    return [[new Date(time * 1000).toISOString().replace(".000", ""), ...cells]];
  });
  return [["time", ...names, ...indicators.map(({ key }) => key)], ...rows];
}

/** Offer every bar that is drawn, with its indicators, in units and UTC. */
export function saveCsv() {
  const url = URL.createObjectURL(csvFile(csvRows()));
  save(url, "csv");
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
