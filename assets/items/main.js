/* The page of all items. */
import "./cells.js";
import "./page.js";
