/* Colours and fonts of the scheme, put into figures that name CSS variables: Plotly reads none. */

const VARIABLE = /^--[\w-]+$/;

/** A figure with what is set now in place of the names of CSS variables.
 * @param {unknown} value @param {Pick<CSSStyleDeclaration, "getPropertyValue">} style @returns {unknown} */
export function themed(value, style) {
  if (typeof value === "string") return VARIABLE.test(value) ? style.getPropertyValue(value).trim() : value;
  if (Array.isArray(value)) return value.map((one) => themed(one, style));
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, themed(one, style)]));
}
