/* What an element with data-tip says of itself, beside the pointer. */
import { closest } from "./elements.js";

const TIP_GAP = 14;
/** @type {HTMLElement | null} */
let tip = null;

document.addEventListener("pointermove", (event) => {
  const field = event.pointerType === "touch" ? null : closest(event, "[data-tip]");
  if (!field) {
    if (tip) tip.hidden = true;
    return;
  }
  if (!tip?.isConnected) {
    tip = document.body.appendChild(document.createElement("div"));
    tip.className = "map-tip";
  }
  tip.hidden = false;
  if (tip.textContent !== field.dataset.tip) tip.textContent = String(field.dataset.tip);
  const left = event.clientX + TIP_GAP + tip.offsetWidth > innerWidth ? event.clientX - TIP_GAP - tip.offsetWidth : event.clientX + TIP_GAP;
  const top = Math.min(event.clientY + TIP_GAP, innerHeight - tip.offsetHeight - 4);
  tip.style.transform = `translate(${Math.round(Math.max(4, left))}px, ${Math.round(top)}px)`;
});
document.addEventListener("click", () => tip && (tip.hidden = true));
