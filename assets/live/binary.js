/* Binary frames: prices as `tracera.v2.binary` sends them (docs/live.md). app/live/binary.py writes them. */

export const SUBPROTOCOL = "tracera.v2.binary";
const HEAD = 24; // bytes before the rows
const ROW = 28;

/** A price with its quote's time, in milliseconds since 1970. */
export class Price {
  type = /** @type {const} */ ("price");
  /** @param {number} item_id @param {number} price in minor units @param {number | null} volume @param {string} source
   * @param {number} at @param {number | undefined} offset where prices are numbered */
  constructor(item_id, price, volume, source, at, offset) {
    this.item_id = item_id;
    this.price = price;
    this.volume = volume;
    this.source = source;
    this.at = at;
    this.offset = offset;
  }

  /** The quote's time as text, to the millisecond; made only where it is asked for. */
  get timestamp() {
    return new Date(this.at).toISOString();
  }
}

/** CRC-32 of ISO 3309, as zlib's: eight tables of 256, so that eight bytes are taken at once (Kounavis and Berry 2005, "slicing by 8"). */
const table = new Int32Array(8 * 256);
for (let byte = 0; byte < 256; byte += 1) {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  table[byte] = value;
}
for (let at = 256; at < table.length; at += 1) {
  const value = table[at - 256];
  table[at] = (value >>> 8) ^ table[value & 255];
}

/** @param {DataView} view @param {number} start */
function crc32(view, start) {
  const end = view.byteLength;
  let at = start;
  let crc = -1;
  for (; at + 8 <= end; at += 8) {
    const low = crc ^ view.getInt32(at, true);
    const high = view.getInt32(at + 4, true);
    crc =
      table[1792 + (low & 255)] ^ table[1536 + ((low >>> 8) & 255)] ^ table[1280 + ((low >>> 16) & 255)] ^ table[1024 + (low >>> 24)] ^
      table[768 + (high & 255)] ^ table[512 + ((high >>> 8) & 255)] ^ table[256 + ((high >>> 16) & 255)] ^ table[high >>> 24];
  }
  for (; at < end; at += 1) crc = (crc >>> 8) ^ table[(crc ^ view.getUint8(at)) & 255];
  return ~crc >>> 0;
}

const utf8 = new TextDecoder();

/** @param {DataView} view @param {number} start @param {number} length */
function readName(view, start, length) {
  let name = "";
  for (let at = start; at < start + length; at += 1) {
    const byte = view.getUint8(at);
    if (byte > 127) return utf8.decode(new Uint8Array(view.buffer, start, length));
    name += String.fromCharCode(byte); // calling the decoder takes longer than decoding fifty prices
  }
  return name;
}

/** The names behind the rows; null where they do not end with the frame.
 * @param {DataView} view @param {number} start @param {number} count */
function readNames(view, start, count) {
  const names = [];
  let at = start;
  for (let index = 0; index < count; index += 1) {
    if (at >= view.byteLength) return null;
    const length = view.getUint8(at);
    if (at + 1 + length > view.byteLength) return null;
    names.push(readName(view, at + 1, length));
    at += 1 + length;
  }
  return at === view.byteLength ? names : null;
}

/** The prices of a frame, and when the first of them was published (milliseconds, null where that is not known).
 * Null: the frame is damaged.
 * @param {ArrayBuffer} frame @returns {{prices: Price[], published: number | null} | null} */
export function decode(frame) {
  const view = new DataView(frame);
  if (frame.byteLength < HEAD || view.getUint32(0, true) !== crc32(view, 4)) return null;
  const count = view.getUint16(4, true);
  const which = HEAD + ROW * count; // the number of each row's source
  const names = readNames(view, which + count, view.getUint16(6, true));
  if (names === null) return null;
  const highest = view.getFloat64(8, true);
  const offset = Number.isNaN(highest) ? undefined : highest;
  const published = view.getFloat64(16, true);
  const prices = new Array(count);
  for (let index = 0, at = HEAD; index < count; index += 1, at += ROW) {
    const volume = view.getFloat64(at + 12, true);
    prices[index] = new Price(
      view.getUint32(at, true),
      view.getFloat64(at + 4, true),
      volume === volume ? volume : null, // NaN alone is not itself
      names[view.getUint8(which + index)],
      view.getFloat64(at + 20, true) / 1000,
      offset,
    );
  }
  return { prices, published: Number.isNaN(published) ? null : published };
}
