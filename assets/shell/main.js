/* What every page needs: the frame and its search, live prices, buttons that call routes. Then the page's own scripts are loaded,
   and Dash begins once all that it may call is there. */
import "../account/actions.js";
import "../alerts/bell.js";
import "../items/watch.js";
import "../live/connection.js";
import "../ui/markup.js";
import "../ui/menu.js";
import "../ui/retry.js";
import "./installed.js";
import "./keys.js";
import { load } from "./pages.js";
import "./search.js";
import "./shell.js";
import "./tasks.js";

load(location.pathname).finally(() => new window.DashRenderer());
