import { decode } from "../../assets/live/binary.js";
import { equal, readJson } from "./support.js";

/** Frames that tests/live/test_binary.py has the server make.
 * @type {{name: string, published: number | null, prices: Api.Price[], frame: string}[]} */
const VECTORS = readJson("../price_frames.json");

/** @param {string} hex */
const bytes = (hex) => Uint8Array.from(hex.match(/../g) || [], (pair) => Number.parseInt(pair, 16));

/** Microseconds since 1970 of a time in UTC; Date itself knows milliseconds.
 * @param {string} time */
function microseconds(time) {
  const [, seconds, rest] = time.match(/^(.*?)(?:\.(\d+))?Z$/) || [];
  return Date.parse(`${seconds}Z`) * 1000 + Number((rest || "0").padEnd(6, "0"));
}

for (const { name, published, prices, frame } of VECTORS) {
  Deno.test(`a frame is read: ${name}`, () => {
    const found = decode(bytes(frame).buffer);
    const offsets = prices.flatMap(({ offset }) => (offset === undefined ? [] : [offset]));
    const offset = offsets.length ? Math.max(...offsets) : undefined;
    const wanted = prices.map(({ type, item_id, price, volume, source, timestamp }) => ({
      type, item_id, price, volume, source, at: microseconds(timestamp) / 1000, offset,
    }));
    equal(found, { prices: wanted, published });
  });
}

Deno.test("the time is text where it is asked for", () => {
  const found = decode(bytes(VECTORS[0].frame).buffer);
  equal(found?.prices[0].timestamp, "2026-01-01T00:00:00.000Z");
});
Deno.test("any flipped bit is found", () => {
  const sound = bytes(VECTORS[2].frame);
  for (let bit = 0; bit < 8 * sound.length; bit += 1) {
    const damaged = sound.slice();
    damaged[bit >> 3] ^= 1 << (bit & 7);
    if (decode(damaged.buffer) !== null) throw new Error(`bit ${bit} was not missed`);
  }
});
Deno.test("a frame that was cut, or goes on, is none", () => {
  const sound = bytes(VECTORS[2].frame);
  for (let length = 0; length < sound.length; length += 1) equal(decode(sound.slice(0, length).buffer), null);
  equal(decode(Uint8Array.of(...sound, 0).buffer), null);
});
Deno.test("counts that promise more than there is are no frame, whatever the checksum says", () => {
  const none = "000000000000f87f".repeat(2); // neither an offset nor a time
  const frames = {
    "one name, which is not there": `1dead9d000000100${none}`,
    "65,535 prices": `61d86746ffff0000${none}`,
    "a name of nine bytes that ends before them": `1ae208c800000100${none}09`,
  };
  for (const frame of Object.values(frames)) equal(decode(bytes(frame).buffer), null);
});
