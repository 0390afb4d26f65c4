/* The research page: charts, and what is read again once a button has changed a backtest. */
import { clientside, setProps } from "../ui/dash.js";
import "../ui/plots.js";

clientside.research = {
  /** Which strategy's parameters are shown; assets/research/page.css hides the others.
   * @param {string} strategy */
  show: (strategy) => strategy,
};

// The server searches, by any words in any order: what it found is shown.
window.dashMantineFunctions = {
  ...window.dashMantineFunctions,
  everything: (/** @type {{ options: object[] }} */ { options }) => options,
};

document.addEventListener("tracera:sent", () => {
  if (location.pathname === "/research") setProps("research-version", { data: Date.now() });
});
