/* Prices as they are typed. */
const MOST = 2 ** 53;

/** A price as it was typed, in minor units; null for none, NaN where it makes no sense.
 * @param {string} text @param {number} scale */
export function minorUnits(text, scale) {
  const plain = text.trim().replace(",", ".");
  if (!plain) return null;
  const digits = Math.round(Math.log10(scale));
  if (!/^\d+(\.\d+)?$/.test(plain) || (plain.split(".")[1] || "").replace(/0+$/, "").length > digits) return Number.NaN;
  const minor = Math.round(Number(plain) * scale);
  return minor > 0 && minor <= MOST ? minor : Number.NaN;
}
