/* The market's page. */
import "../ui/tip.js";
import "./treemap.js";
