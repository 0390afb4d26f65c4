/* Elements made by scripts. */

/** An element; `attributes` with class, text, hidden and data-… as in HTML, functions as listeners. */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name, value);
    else if (name === "text") element.textContent = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** An icon of assets/ui/icons, for decoration. */
export const icon = (name, size = 16) => el("span", { class: `icon icon-${name}`, style: `width:${size}px;height:${size}px`, "aria-hidden": "true" });
