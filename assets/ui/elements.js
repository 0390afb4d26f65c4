/* Elements made by scripts. */

/** An element; `attributes` with class, text, hidden and data-… as in HTML, functions as listeners.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Attributes} attributes
 * @param {(Child | Child[])[]} children
 * @returns {HTMLElementTagNameMap[Tag]} */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name, value);
    else if (name === "text") element.textContent = String(value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** The element that an event is about, or the nearest around it, that matches. @param {Event} event @param {string} selectors */
export const closest = ({ target }, selectors) => (target instanceof Element ? target.closest(selectors) : null);

/** An element that is there. @param {ParentNode} root @param {string} selectors */
export const find = (root, selectors) => /** @type {HTMLElement} */ (root.querySelector(selectors));

/** An icon of assets/ui/icons, for decoration.
 * @param {string} name */
export const icon = (name, size = 16) => el("span", { class: `icon icon-${name}`, style: `width:${size}px;height:${size}px`, "aria-hidden": "true" });
