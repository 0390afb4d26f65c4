/* An item's page. */
import "./price_chart.js";
import "../ui/plots.js";
