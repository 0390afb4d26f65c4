/* Menus of components/ui/menu.py: the browser opens and closes them, but not at a choice. */
import { closest, find } from "./elements.js";

document.addEventListener("click", (event) => {
  if (closest(event, ".menu-entry")) closest(event, "[popover]")?.hidePopover();
});

/** Places a menu below its button where the browser cannot anchor it (Firefox before 147, Safari before 26).
 * @param {ToggleEvent} event */
function place({ newState, target }) {
  if (newState !== "open" || !(target instanceof HTMLElement && target.matches(".menu-entries")) || CSS.supports("position-area: bottom")) return;
  const { bottom, left, right } = find(document, `[popovertarget="${target.id}"]`).getBoundingClientRect();
  const wide = document.documentElement.clientWidth;
  target.style.inset = `${bottom}px ${left < wide / 2 ? 8 : wide - right}px auto auto`;
}

document.addEventListener("beforetoggle", place, true);
