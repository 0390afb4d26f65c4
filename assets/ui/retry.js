/* Asks again for what has not come yet, sooner than a page's clock would: after two seconds, then ever more rarely.
   An empty state of components/ui/page.py names the clock of its page in data-again. */
import { setProps } from "./dash.js";

const FIRST = 2_000;
const LONGEST = 30_000;
const GROWTH = 1.15;
/** @type {{missing: () => boolean, ask: () => void}[]} */
const askers = [];
let wait = FIRST;

/** Call `ask` as long as `missing` says that something is.
 * @param {() => boolean} missing @param {() => void} ask */
export const retry = (missing, ask) => askers.push({ missing, ask });

function turn() {
  const due = document.hidden ? [] : askers.filter(({ missing }) => missing());
  wait = due.length ? Math.min(LONGEST, wait * GROWTH) : FIRST;
  for (const { ask } of due) ask();
  setTimeout(turn, wait);
}
setTimeout(turn, FIRST);

const clocks = () => new Set([...document.querySelectorAll("[data-again]")].map((element) => String(element.dataset.again)));
/** @param {string} id */
const strike = (id) => {
  const clock = window.dash_component_api.getLayout(id);
  if (clock) setProps(id, { n_intervals: (clock.props.n_intervals || 0) + 1 });
};
retry(() => clocks().size > 0, () => clocks().forEach((id) => strike(id)));
