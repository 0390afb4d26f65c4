/* Draws the figures of components/ui/plots.py, each once it comes into sight: Plotly is loaded with the first, and drawn while the
   browser rests. */
import { themed } from "./plot_theme.js";

const SCHEME = "data-mantine-color-scheme";
const CONFIG = {
  displaylogo: false,
  displayModeBar: "hover",
  // By name: among the others is one that sends the figure elsewhere.
  modeBarButtons: [["zoom2d", "pan2d", "resetScale2d", "toImage"]],
  doubleClick: "reset",
};
/** @type {Promise<void> | undefined} */
let library;
/** @type {WeakSet<Element>} */
const drawn = new WeakSet();

/** Plotly's script; asked for again where it could not be had.
 * @param {string} address */
function load(address) {
  library ??= new Promise((resolve, reject) => {
    const script = Object.assign(document.createElement("script"), { src: address, async: true });
    script.addEventListener("load", () => resolve());
    script.addEventListener("error", () => {
      library = undefined;
      reject(new Error(`${address} cannot be had`));
    });
    document.head.append(script);
  });
  return library;
}

const rest = () => new Promise((resolve) => requestIdleCallback(resolve, { timeout: 500 }));

/** @param {HTMLElement} element */
async function draw(element) {
  try {
    await load(String(element.dataset.plotly));
  } catch (error) {
    console.warn(error);
    element.dataset.failed = "";
    return; // the table behind it says the same
  }
  await rest();
  if (!element.isConnected || !element.clientWidth) return;
  const figure = /** @type {Plot} */ (themed(JSON.parse(String(element.dataset.plot)), getComputedStyle(document.documentElement)));
  await window.Plotly.react(element, figure.data, figure.layout, CONFIG);
  element.dataset.drawn = "";
  if (!drawn.has(element)) sized.observe(element);
  drawn.add(element);
}

const sized = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (!target.isConnected) sized.unobserve(target);
    else if (target.clientWidth) window.Plotly.Plots.resize(target);
  }
});
const seen = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      seen.unobserve(target);
      draw(/** @type {HTMLElement} */ (target));
    }
  },
  { rootMargin: "200px" },
);

document.addEventListener("tracera:markup", (event) => {
  const element = /** @type {CustomEvent<HTMLElement>} */ (event).detail;
  for (const place of element.querySelectorAll("[data-plot]")) seen.observe(place);
});
new MutationObserver(() => {
  for (const place of document.querySelectorAll("[data-plot][data-drawn]")) draw(/** @type {HTMLElement} */ (place));
}).observe(document.documentElement, { attributeFilter: [SCHEME] });
