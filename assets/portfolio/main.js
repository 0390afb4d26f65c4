/* The portfolio, and one that is shared. */
import "../ui/tip.js";
import "./page.js";
import "./live.js";
import "./grid.js";
import "./cards.js";
import "./chart.js";
import "./dialogs.js";
import "./import.js";
import "./profile_value.js";
import "./sample.js";
import "./transactions.js";
import "./what_if.js";
