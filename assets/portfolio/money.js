/* Amounts of the portfolio, as app/analytics/portfolio converts and rounds them. */

/** Units of an item at a price of its own minor units, in the portfolio's, rounded half to even.
 * @param {number | null} price @param {number | null} quantity @param {[number, number] | null} by */
export function convert(price, quantity, by) {
  if (by === null || price === null || quantity === null) return null;
  const [top, bottom] = by.map((part) => BigInt(part));
  const whole = BigInt(price) * BigInt(quantity) * top;
  const [result, rest] = [whole / bottom, whole % bottom];
  const up = 2n * rest > bottom || (2n * rest === bottom && result % 2n === 1n);
  return Number(result + (up ? 1n : 0n));
}

/** What a seller gets of a price, as app/analytics/portfolio/fees.py has it; null where the fee is not known.
 * @param {string} source @param {number} price @param {Record<string, number>} fees hundredths of a percent */
export function netProceeds(source, price, fees) {
  if (source === "steam") {
    if (price < 3) return null;
    let seller = Math.floor((price * 100) / 115) + 2;
    while (seller + Math.max(1, Math.floor(seller / 20)) + Math.max(1, Math.floor(seller / 10)) > price) seller -= 1;
    return seller;
  }
  return source in fees ? price - Math.ceil((price * fees[source]) / 10_000) : null;
}
