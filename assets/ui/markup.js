/* Puts markup that came as text into its place, and makes its links change the page without loading it anew.
   See components/ui/markup.py, which escapes everything in it. */
import { clientside } from "./dash.js";
import { closest } from "./elements.js";
import { go } from "./navigation.js";

const written = new WeakMap(); // element -> the text that it shows

/** Where the keyboard is inside an element: the how-manieth thing that can have the focus. */
const FOCUSABLE = "a[href], button, summary, [tabindex]";
/** @param {HTMLElement} element */
const focused = (element) => [...element.querySelectorAll(FOCUSABLE)].findIndex((one) => one === document.activeElement);

clientside.markup = {
  /** @param {string | null} text @param {string} id */
  write(text, id) {
    const element = document.getElementById(id);
    if (!element || written.get(element) === text) return clientside.no_update;
    const at = focused(element);
    const open = [...element.querySelectorAll("details")].map((details) => details.open);
    const scrolled = [...element.querySelectorAll("[data-scrolls]")].map(({ scrollTop, scrollLeft }) => [scrollTop, scrollLeft]);
    element.innerHTML = text || "";
    written.set(element, text);
    element.querySelectorAll("details").forEach((details, place) => (details.open = open[place] || false));
    element.querySelectorAll("[data-scrolls]").forEach((one, place) => {
      if (scrolled[place]) [one.scrollTop, one.scrollLeft] = scrolled[place];
    });
    if (at >= 0) element.querySelectorAll(FOCUSABLE)[at]?.focus({ preventScroll: true });
    document.dispatchEvent(new CustomEvent("tracera:markup", { detail: element }));
    return clientside.no_update;
  },
};

document.addEventListener("click", (event) => {
  const link = closest(event, "a[data-inner]");
  if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  go(String(link.getAttribute("href")));
});
