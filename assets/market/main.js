/* The market's page. */
import "../ui/tip.js";
import "./ranked.js";
import "./treemap.js";
