/* The pages of all items and of watchlists. */
import "./cells.js";
import "./orders.js";
import "./page.js";
import "./watchlist.js";
