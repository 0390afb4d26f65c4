/* Menus of components/ui/menu.py close at a choice, a click elsewhere, and Escape. */

function close(event) {
  for (const menu of document.querySelectorAll(".menu[open]")) {
    if (event.type === "click" && event.target.closest?.("summary") === menu.firstElementChild) continue;
    const within = menu.contains(document.activeElement);
    menu.removeAttribute("open");
    if (within && event.type === "keydown") menu.firstElementChild.focus();
  }
}

document.addEventListener("click", close);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") close(event);
});
