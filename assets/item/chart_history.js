/* Candle history: what has been loaded of a pair in one interval, and which part of it is drawn. Nothing here touches the page. */

/** @typedef {Chart.Columns} Columns */

/** The part of the history that is drawn: bars from `first` up to, not with, `end`.
 * @typedef {{first: number, end: number}} Drawn */

const VALUES = /** @type {const} */ (["open", "high", "low", "close", "volume"]);
export const COLUMNS = /** @type {const} */ (["time", ...VALUES]);
const LONGEST_GAP = 60; // bars without a price; a longer hole is drawn as that many

/** @returns {Columns} */
const empty = () => ({ time: [], open: [], high: [], low: [], close: [], volume: [] });

/** Add bars without prices from behind `last` to before `next`, both opening times in seconds.
 * @param {Columns} columns
 * @param {number} last
 * @param {number} next
 * @param {number} seconds */
function fill(columns, last, next, seconds) {
  const missing = Math.min(LONGEST_GAP, Math.round((next - last) / seconds) - 1);
  for (let at = 1; at <= missing; at += 1) {
    columns.time.push(last + at * seconds);
    for (const name of VALUES) columns[name].push(null);
  }
}

/** Add bars `from` up to, not with, `to` of other columns.
 * @param {Columns} columns
 * @param {Columns} more */
function append(columns, more, from = 0, to = more.time.length) {
  for (let at = from; at < to; at += 1) {
    columns.time.push(more.time[at]);
    for (const name of VALUES) columns[name].push(more[name][at]);
  }
}

/** Candles with a bar for each that is missing between them, so that a gap is seen as one.
 * @param {Columns} columns
 * @param {number} seconds
 * @returns {Columns} */
export function withGaps(columns, seconds) {
  const found = empty();
  columns.time.forEach((time, at) => {
    if (at) fill(found, columns.time[at - 1], time, seconds);
    found.time.push(time);
    for (const name of VALUES) found[name].push(columns[name][at]);
  });
  return found;
}

/** Rows of `/api/v1/candles` as columns: times in seconds, volume in units.
 * @param {number[][]} rows
 * @param {number} volumeScale
 * @returns {Columns} */
export function fromRows(rows, volumeScale) {
  const found = empty();
  for (const row of rows) {
    found.time.push(row[0] / 1000);
    VALUES.slice(0, -1).forEach((name, at) => found[name].push(row[at + 1]));
    found.volume.push(row[5] / volumeScale);
  }
  return found;
}

/** Everything loaded, in pages, so that an older one is put in front without copying the rest. The last page may be added to. */
export class CandleHistory {
  /** @param {Columns} columns
   * @param {number} seconds */
  constructor(columns, seconds) {
    this.seconds = seconds;
    this.pages = [withGaps(columns, seconds)];
    this.length = this.pages[0].time.length;
    /** Whether nothing is older than what is here. */
    this.complete = false;
  }

  /** Opening time of the first bar, in seconds. */
  get oldest() {
    return this.pages[0].time[0];
  }

  /** The page that live prices go to.
   * @returns {Columns} */
  get tail() {
    return this.pages[this.pages.length - 1];
  }

  /** Put older candles in front; returns by how many bars all others move.
   * @param {Columns} columns */
  prepend(columns) {
    const before = this.oldest;
    const page = withGaps(columns, this.seconds);
    while (page.time.length && page.time[page.time.length - 1] >= before) COLUMNS.forEach((name) => page[name].pop());
    if (!page.time.length) return 0;
    fill(page, page.time[page.time.length - 1], before, this.seconds);
    this.pages.unshift(page);
    this.length += page.time.length;
    return page.time.length;
  }

  /** Take newer candles in place of what is here from their first one on; false where they do not reach what is here.
   * @param {Columns} columns */
  replaceTail(columns) {
    const tail = this.tail;
    const newest = tail.time[tail.time.length - 1];
    if (!columns.time.length || columns.time[0] > newest + this.seconds || columns.time[0] < tail.time[0]) return false;
    while (tail.time.length && tail.time[tail.time.length - 1] >= columns.time[0]) {
      COLUMNS.forEach((name) => tail[name].pop());
      this.length -= 1;
    }
    const page = withGaps(columns, this.seconds);
    append(tail, page);
    this.length += page.time.length;
    return true;
  }

  /** Bars from `first` up to, not with, `end`, as new arrays.
   * @param {number} first
   * @param {number} end
   * @returns {Columns} */
  slice(first, end) {
    const found = empty();
    let start = 0;
    for (const page of this.pages) {
      const [from, to] = [Math.max(0, first - start), Math.min(page.time.length, end - start)];
      if (from < to) append(found, page, from, to);
      start += page.time.length;
    }
    return found;
  }
}

/** Which bars to draw so that those between `from` and `to` have `margin` more on either side; null where what is drawn will do.
 * While a finger or button is down the right end stays where it is: the library counts a drag from there.
 * @param {{from: number, to: number}} shown
 * @param {number} length of the history
 * @param {Drawn} drawn
 * @param {{margin: number, held: boolean}} rule
 * @returns {Drawn | null} */
export function windowAround(shown, length, drawn, { margin, held }) {
  const first = Math.max(0, Math.min(length, Math.floor(shown.from - margin)));
  const end = Math.min(length, Math.max(0, Math.ceil(shown.to + margin)));
  /** @param {number} distance */
  const near = (distance) => distance < margin / 2;
  const wantsLeft = drawn.first > 0 && near(shown.from - drawn.first);
  const wantsRight = drawn.end < length && near(drawn.end - shown.to);
  if (held) return wantsLeft && first < drawn.first ? { first, end: drawn.end } : null;
  const tooMany = drawn.end - drawn.first > 2 * (end - first);
  if (!wantsLeft && !wantsRight && !tooMany) return null;
  return first === drawn.first && end === drawn.end ? null : { first, end };
}

/** A range of bars to look at, no longer than `most` and not beyond the `length` bars but for a fifth of itself.
 * @param {{from: number, to: number}} range
 * @param {number} length
 * @param {number} most */
export function bounded({ from, to }, length, most) {
  const size = Math.min(to - from, most);
  const end = Math.max(size * 0.8, Math.min(to, length + size * 0.2));
  return { from: end - size, to: end };
}
