/* The tab of transactions: its parts in the document, and the portfolio that it shows. */
import { find } from "../ui/elements.js";
import { portfolioRoute } from "./fields.js";

export const ROOT = "portfolio-transactions";

/** `portfolio` is the id of the one that is shown, null before the first. */
export const shown = { portfolio: /** @type {number | null} */ (null) };

/** The part of that name.
 * @param {string} name */
export const part = (name) => find(document, `#${ROOT} [data-part="${name}"]`);

/** A JSON route of the portfolio that is shown.
 * @param {string} path @param {Record<string, string>} [query] */
export const route = (path, query) => portfolioRoute(path, shown.portfolio, query);
