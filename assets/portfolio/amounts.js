/* Amounts as they are typed. */

/** An amount in minor units, or an Error that says what is wrong with it.
 * @param {string} text @param {string} currency @param {number} decimals of the currency
 * @returns {number | Error} */
export function parseAmount(text, currency, decimals) {
  const plain = text.replace(/[\s\u00a0]/g, "");
  const grouped = /^[1-9][0-9]{0,2}[.,][0-9]{3}$/.test(plain);
  if (grouped && decimals === 3) return new Error(`This may be read in two ways: write ${plain.replace(",", ".")}0, or ${plain.replace(/[.,]/, "")}.`);
  const parts = /^([0-9]{1,12})(?:[.,]([0-9]+))?$/.exec(grouped && !decimals ? plain.replace(/[.,]/, "") : plain);
  if (!parts) return new Error(`Write an amount such as ${decimals ? "1234.56" : "1234"}, without a sign.`);
  const written = parts[2] || "";
  const part = decimals === 3 ? written.replace(/^([0-9]{3})0$/, "$1") : written; // the zero that tells it from a group
  if (part.length > decimals) return new Error(`${currency} has ${decimals || "no"} decimals.`);
  return Number(parts[1] + part.padEnd(decimals, "0"));
}

/** An amount of minor units as `parseAmount` reads it.
 * @param {number} amount @param {number} decimals */
export function writeAmount(amount, decimals) {
  const digits = String(amount).padStart(decimals + 1, "0");
  const written = decimals ? `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}` : digits;
  return decimals === 3 ? `${written}0` : written;
}
