/* The tab of transactions: its parts in the document, and the portfolio that it shows. */
import { portfolioRoute } from "./fields.js";

export const ROOT = "portfolio-transactions";

/** `portfolio` is the id of the one that is shown, null before the first. */
export const shown = { portfolio: null };

/** The part of that name. */
export const part = (name) => document.querySelector(`#${ROOT} [data-part="${name}"]`);

/** A JSON route of the portfolio that is shown. */
export const route = (path, query) => portfolioRoute(path, shown.portfolio, query);
