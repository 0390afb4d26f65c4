// How long a page takes to read prices: as JSON, a message each, and as one binary frame.
import { decode } from "../../assets/live/binary.js";

const WARM_UP = 20_000;
const RUNS = 15;
const REPEATS = 5_000;

/** The shortest time of a call in microseconds.
 * @param {() => void} work */
function measure(work) {
  for (let repeat = 0; repeat < WARM_UP; repeat += 1) work();
  const times = Array.from({ length: RUNS }, () => {
    const begun = performance.now();
    for (let repeat = 0; repeat < REPEATS; repeat += 1) work();
    return ((performance.now() - begun) * 1000) / REPEATS;
  });
  return Math.min(...times);
}

/** Microseconds for all of the texts, and for the frame that says the same.
 * @param {{texts: string[], frame: string}} said the frame as hexadecimal digits */
export function compare({ texts, frame }) {
  const bytes = Uint8Array.from(frame.match(/../g) || [], (pair) => Number.parseInt(pair, 16)).buffer;
  let sum = 0; // so that nothing is left out as unused
  const json = measure(() => {
    for (const text of texts) sum += JSON.parse(text).price;
  });
  const binary = measure(() => {
    for (const price of decode(bytes)?.prices || []) sum += price.price;
  });
  if (!Number.isFinite(sum)) throw new Error("nothing was read");
  return { json, binary };
}
