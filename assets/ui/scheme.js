/* Runs in the head, before anything is painted: the colours that were chosen, else those of the system. */
(() => {
  "use strict";

  let chosen = null;
  try {
    chosen = localStorage.getItem("mantine-color-scheme-value");
  } catch (error) {
    if (!(error instanceof DOMException)) throw error; // storage may be forbidden
  }
  const dark = window.matchMedia("(prefers-color-scheme: dark)").matches;
  const scheme = chosen === "light" || chosen === "dark" ? chosen : dark ? "dark" : "light";
  document.documentElement.setAttribute("data-mantine-color-scheme", scheme);
})();
