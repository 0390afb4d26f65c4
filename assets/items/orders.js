/* Orders of a watchlist's rows, which are all in the browser; what is not known comes last either way. */

const functions = (window.dashAgGridFunctions = window.dashAgGridFunctions || /** @type {Window["dashAgGridFunctions"]} */ ({}));

/** @typedef {{data?: Api.WatchedRow}} RowNode
 * @typedef {(value: any, node: RowNode) => number | string | null} Key */

/** @param {Key} key */
const order = (key) => (/** @type {unknown} */ a, /** @type {unknown} */ b, /** @type {RowNode} */ one, /** @type {RowNode} */ other, /** @type {boolean} */ descending) => {
  const [left, right] = [key(a, one), key(b, other)];
  if (left === null || right === null) return left === right ? 0 : (left === null) === descending ? -1 : 1;
  if (typeof left === "string") return left.localeCompare(String(right), "en");
  return left - Number(right);
};

functions.plainOrder = order((value) => (value === undefined || value === "" ? null : value));
functions.moneyOrder = order((value, { data }) => (value === null || value === undefined || !data ? null : value / data.scale));
functions.targetOrder = order((value, { data }) => (!value || !data?.price ? null : value / data.price));
functions.rowId = (/** @type {Api.WatchedRow} */ data) => String(data.id);
