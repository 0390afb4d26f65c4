/* Cells of the grid of items (components/items/grid.py). */
import { now } from "../live/clock.js";
import { NO_BREAK, UNKNOWN, direction, formatAge, formatChange, formatCount, formatFixed, formatMoney, formatPercent, formatSigned } from "../ui/format.js";
import { go } from "../ui/navigation.js";
import { sparkPath, sparkSide } from "../ui/sparkline.js";
import { isChosen } from "./chosen.js";
import { narrow } from "./grid.js";
import { isWatched } from "./lists.js";
import { rarityClass, silhouetteClass } from "./picture.js";

const cells = (window.dashAgGridComponentFunctions = window.dashAgGridComponentFunctions || /** @type {Window["dashAgGridComponentFunctions"]} */ ({}));
const functions = (window.dashAgGridFunctions = window.dashAgGridFunctions || /** @type {Window["dashAgGridFunctions"]} */ ({}));
/** @param {unknown[]} parts */
const h = (...parts) => window.React.createElement(...parts);
export const ROW = 36;
export const CARD = 60;

/** @param {GridTheme} base */
functions.itemsTheme = (base) =>
  base.withParams({
    accentColor: "var(--tracera-accent)",
    backgroundColor: "var(--tracera-surface)",
    foregroundColor: "var(--tracera-text)",
    borderColor: "var(--tracera-border)",
    chromeBackgroundColor: "var(--tracera-surface)",
    headerTextColor: "var(--tracera-muted)",
    headerFontWeight: 500,
    headerColumnResizeHandleColor: "transparent",
    rowHoverColor: "var(--tracera-raised)",
    rowBorder: { color: "var(--tracera-grid)" },
    pinnedColumnBorder: { color: "var(--tracera-border)" },
    wrapperBorder: false,
    wrapperBorderRadius: 0,
    fontFamily: "inherit",
    fontSize: 14,
    headerFontSize: 13,
    cellHorizontalPadding: 12,
    spacing: 6,
    rowHeight: narrow.matches ? CARD : ROW,
    headerHeight: narrow.matches ? 0 : ROW,
  });

// Figures

/** @param {string} reason */
const unknown = (reason) => h("span", { className: "figure unknown", title: reason }, UNKNOWN);
/** @param {Api.ScreenerRow} row @param {string} what */
const few = (row, what) => `${what} in this window: ${row.samples} closes so far`;

/** @param {Api.ScreenerRow} row @param {string} field */
const liveAttributes = (row, field) => ({
  "data-live-item": row.id,
  "data-live-field": field,
  "data-live-source": row.source || undefined,
  "data-live-at": row.at ? new Date(row.at).toISOString() : undefined,
  "data-live-stale-after": row.stale_after || undefined,
});

/** @param {Api.ScreenerRow} row */
const price = (row) =>
  row.price === null
    ? unknown("nobody has quoted a price yet")
    : h(
        "span",
        {
          className: "figure",
          key: row.id,
          ...liveAttributes(row, "price"),
          "data-live-scale": row.scale,
          "data-live-currency": row.currency,
          "data-live-price": row.price,
        },
        formatMoney(row.price, row.scale, row.currency),
      );

/** The change counts from the window's base, so that it moves with the price.
 * @param {Api.ScreenerRow} row */
const change = (row) => {
  if (row.percent_change === null || !row.base || row.price === null) return unknown(few(row, "no earlier price"));
  const [text, sign] = formatChange(row.price, row.base);
  return h(
    "span",
    {
      className: `figure ${["live-down", "", "live-up"][sign + 1]}`,
      key: row.id,
      ...liveAttributes(row, "change"),
      "data-live-base": row.base,
      "data-live-price": row.price,
    },
    text,
  );
};

/** @param {Api.ScreenerRow} row */
const trend = (row) => {
  if (row.trend_slope === null) return unknown(few(row, "not enough prices"));
  const fit = row.trend_r2 === null ? null : row.trend_r2.toFixed(2);
  const side = direction(row.trend_slope, 2);
  const arrow = { up: "\u25b2 ", down: "\u25bc ", neutral: "" }[side];
  const slope = `${arrow}${formatSigned(row.trend_slope, 2)}${NO_BREAK}%`;
  const title = `${formatSigned(row.trend_slope, 2)} % a day, R\u00b2 ${fit ?? UNKNOWN}, from ${row.samples} closes`;
  return h("span", { className: "figure", title }, [
    h("span", { key: "slope", className: `figure ${side}` }, slope),
    h("span", { key: "fit", className: "items-fit" }, fit ?? UNKNOWN),
  ]);
};

/** @param {"return_volatility" | "coefficient_of_variation" | "max_drawdown"} name @param {number} digits @returns {Figure} */
const share = (name, digits) => (row) =>
  row[name] === null
    ? unknown(few(row, "not enough prices"))
    : h("span", { className: "figure", title: `from ${row.samples} closes` }, formatPercent(row[name], digits));

/** @param {"volume" | "listings"} name @param {string} reason @returns {Figure} */
const count = (name, reason) => (row) =>
  row[name] === null ? unknown(reason) : h("span", { className: "figure" }, formatCount(row[name]));

const compact = new Intl.NumberFormat("en-US", { notation: "compact", minimumSignificantDigits: 3, maximumSignificantDigits: 3 });
/** @param {Api.ScreenerRow} row @param {number} turnover */
const short = (row, turnover) => {
  const units = turnover / row.scale;
  if (units < 10_000) return formatMoney(Math.round(units), 1, row.currency);
  return formatMoney(1, 1, row.currency).replace("1", compact.format(units).replace("K", "k"));
};

/** @param {"weapon_type" | "rarity"} name @returns {Figure} */
const text = (name) => (row) => row[name] ?? unknown("not known");

/** @typedef {(row: Api.ScreenerRow) => unknown} Figure
 * @type {Record<string, Figure>} */
const FIGURES = {
  price,
  percent_change: change,
  trend_slope: trend,
  return_volatility: share("return_volatility", 1),
  coefficient_of_variation: share("coefficient_of_variation", 1),
  max_drawdown: share("max_drawdown", 1),
  turnover: (row) =>
    row.turnover === null
      ? unknown("this source reports no sales")
      : h("span", { className: "figure", title: formatMoney(row.turnover, row.scale, row.currency) }, short(row, row.turnover)),
  volume: count("volume", "this source reports no sales"),
  listings: count("listings", "this source reports no offers"),
  weapon_type: text("weapon_type"),
  rarity: text("rarity"),
  sharpe: (row) =>
    row.sharpe === null
      ? unknown(`needs 30 returns; ${Math.max(0, row.samples - 1)} so far`)
      : h("span", { className: "figure" }, formatFixed(row.sharpe, 2)),
  trend_score: (row) =>
    row.trend_score === null
      ? unknown(few(row, "not enough prices"))
      : h("span", { className: "figure" }, formatSigned(row.trend_score, 2)),
};

/** @param {string} width */
const bone = (width) => h("span", { className: "items-bone", style: { width } });

cells.FigureCell = (/** @type {CellProps} */ { data, colDef }) => (data ? FIGURES[colDef.field](data) : bone("60%"));

// Who and how long ago

/** @param {Api.ScreenerRow} row */
const source = (row) => {
  if (!row.source) return unknown("nobody has quoted a price yet");
  const name = h("span", { key: "name", className: row.simulated ? "items-simulated" : "" }, row.source);
  const age = h("span", { key: "age", ...liveAttributes(row, "age") }, row.at ? formatAge((now() - row.at) / 1000) : UNKNOWN);
  return h("span", { className: "items-source", key: row.id }, [name, age]);
};
cells.SourceCell = (/** @type {CellProps} */ { data }) => (data ? source(data) : bone("50%"));

// Sparkline

const WIDTH = 96;
const HEIGHT = 22;

/** @param {Api.ScreenerRow} row */
const sparkline = (row) => {
  if (!row.spark) return unknown("fewer than two prices in 24 hours");
  const side = sparkSide(row.spark);
  const name = ["down", "neutral", "up"][side + 1];
  const attributes = { className: `items-spark ${name}`, viewBox: `0 0 ${WIDTH} ${HEIGHT}`, width: WIDTH, height: HEIGHT };
  const label = `24 hours, ${["falling", "unchanged", "rising"][side + 1]}`;
  return h("svg", { ...attributes, role: "img", "aria-label": label, preserveAspectRatio: "none" }, h("path", { d: sparkPath(row.spark, WIDTH, HEIGHT) }));
};
cells.SparklineCell = (/** @type {CellProps} */ { data }) => (data ? sparkline(data) : bone("80%"));

// Item

/** Its image, or the silhouette of its kind (components/items/silhouette.py); a pair's first letters.
 * @param {Api.ScreenerRow} row */
const image = (row) => {
  if (row.image) return h("img", { key: "image", src: row.image, alt: "", loading: "lazy", width: 36, height: 27 });
  const drawing = row.weapon_type === "Pair" ? row.name.slice(0, 2) : h("span", { className: silhouetteClass(row) });
  return h("span", { key: "image", className: "items-picture", "aria-hidden": true }, drawing);
};

/** The wear stands apart, so the name goes without it.
 * @param {Api.ScreenerRow} row */
const plainName = (row) => (row.wear && row.name.endsWith(`(${row.wear})`) ? row.name.slice(0, -row.wear.length - 2).trim() : row.name);

/** @param {MouseEvent} event @param {string} path */
function follow(event, path) {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  go(path);
}

/** @type {Record<string, string>} */
const WEARS = { "Factory New": "FN", "Minimal Wear": "MW", "Field-Tested": "FT", "Well-Worn": "WW", "Battle-Scarred": "BS" };
/** @param {Api.ScreenerRow} row */
const nameOf = (row) =>
  h("span", { key: "name", className: "items-name" }, [
    h("span", { key: "title", className: "items-title", title: row.name }, plainName(row)),
    row.wear ? h("abbr", { key: "wear", className: "items-wear", title: row.wear }, WEARS[row.wear] || row.wear) : null,
  ]);

/** @param {Api.ScreenerRow} row */
const card = (row) =>
  h("span", { key: "card", className: "items-card" }, [
    h("span", { key: "first", className: "items-line" }, [h("span", { key: "n", className: "items-title" }, plainName(row)), h("span", { key: "p" }, price(row))]),
    h("span", { key: "second", className: "items-line" }, [
      h("span", { key: "w", className: "items-wear" }, [row.wear || row.weapon_type || "", row.return_volatility === null ? "" : ` \u00b7 \u03c3 ${formatPercent(row.return_volatility)}`]),
      h("span", { key: "c" }, change(row)),
    ]),
  ]);

cells.ItemCell = (/** @type {CellProps} */ { data: row }) => {
  if (!row) return h("span", { className: "items-item" }, [h("span", { key: "i", className: "items-picture" }), h("span", { key: "b", className: "items-name" }, bone("70%"))]);
  const path = `/item/${row.id}`;
  return h(
    "a",
    { href: path, className: `items-item ${rarityClass(row)}`, onClick: (/** @type {MouseEvent} */ event) => follow(event, path), tabIndex: -1 },
    [image(row), narrow.matches ? card(row) : nameOf(row)],
  );
};

// Watching

/** @param {string} name */
const sign = (name) => h("span", { key: name, className: `icon icon-${name}`, style: { width: 16, height: 16 }, "aria-hidden": true });

cells.StarCell = (/** @type {CellProps} */ { data: row }) => {
  if (!row) return null;
  const watched = isWatched(row.id);
  const attributes = { "data-watch": row.id, "aria-pressed": watched, "aria-label": `Watch ${row.name}`, title: watched ? "On your watchlist" : "Put it on your watchlist" };
  return h("button", { key: row.id, type: "button", className: "watch-button watch-small", tabIndex: -1, ...attributes }, [sign("watchlist"), sign("watching")]);
};

cells.TickCell = (/** @type {CellProps} */ { data: row }) =>
  row ? h("button", { key: row.id, type: "button", role: "checkbox", className: "compare-tick", tabIndex: -1, "data-compare": row.id, "aria-checked": isChosen(row.id), "aria-label": `Compare ${row.name}`, title: "Tick to compare" }, sign("check")) : null;

cells.EditCell = (/** @type {CellProps} */ { data: row }) =>
  row ? h("button", { type: "button", className: "watch-button watch-small", tabIndex: -1, "data-watch-edit": row.id, "aria-label": `Note, target and lists of ${row.name}`, title: "Note, target and lists" }, [sign("more")]) : null;

cells.NoteCell = (/** @type {CellProps} */ { data: row }) => h("span", { className: "watch-note", title: row?.note || undefined }, row?.note || "");

/** The target, and by how much the price has to change to reach it. */
cells.TargetCell = (/** @type {CellProps} */ { data: row }) => {
  if (!row || row.target_price === null || row.target_price === undefined) return h("span", { className: "figure" }, "");
  const way = row.price ? formatChange(row.target_price, row.price)[0] : UNKNOWN;
  const target = formatMoney(row.target_price, row.scale, row.currency);
  return h("span", { className: "figure", title: `${way} from the price when this list was read to ${target}` }, [h("span", { key: "target" }, target), h("span", { key: "way", className: "watch-way" }, way)]);
};
