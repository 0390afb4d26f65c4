/* Position: up to where this page has the prices of its items, so that a new connection asks for the rest alone. */

/** The offset moves on with each price, but stands still from a subscription to the pong behind its snapshot: until then
 * later prices of other items would hide that some of it is missing. */
export class Position {
  epoch = "";
  offset = 0;
  /** Whether the server numbers its prices. */
  numbered = false;
  #settled = false;
  #asked = 0; // pings that are not answered yet
  #missed = false;
  /** @type {Set<number>} */
  #held = new Set(); // items whose prices are here up to the offset
  /** @type {Set<number>} */
  #asking = new Set(); // items that were subscribed to when it was asked for last

  /** Whether prices move it on. */
  get settled() {
    return this.#settled;
  }

  /** Whether a question waits for its answer. */
  get waits() {
    return this.#asked !== 0;
  }

  /** Whether something that came could not be read, and is to be asked for again once every question is answered. */
  get missed() {
    return this.#missed && this.#asked === 0;
  }

  /** A connection is there, which has answered nothing yet. */
  open() {
    this.#settled = false;
    this.#missed = false;
    this.#asked = 0;
  }

  /** Something came that could not be read: what lies behind the offset is to be asked for again. */
  miss() {
    this.#missed = true;
    this.#settled = false;
  }

  /** What was missed is asked for. */
  mend() {
    this.#missed = false;
  }

  /** Those of the items whose missed prices can be asked for.
   * @param {number[]} items */
  held(items) {
    return items.filter((item) => this.#held.has(item));
  }

  /** Items are not subscribed to any more.
   * @param {number[]} items */
  leave(items) {
    for (const item of items) {
      this.#held.delete(item);
      this.#asking.delete(item);
    }
  }

  /** The server is asked where it stands; it has been told of these items.
   * @param {Iterable<number>} items */
  ask(items) {
    this.#asked += 1;
    this.#asking = new Set(items);
    this.#settled = false;
  }

  /** The server's answer; only the last one knows of all items, and one without an offset cannot tell.
   * @param {{epoch?: string, offset?: number}} pong */
  answer(pong) {
    this.#asked -= 1;
    if (this.#asked !== 0 || this.#missed || pong.epoch === undefined || pong.offset === undefined) return;
    this.epoch = pong.epoch;
    this.offset = pong.offset;
    this.numbered = this.#settled = true;
    this.#held = this.#asking;
  }

  /** A price has come.
   * @param {{offset?: number}} message */
  hear({ offset }) {
    if (this.#settled && offset !== undefined && offset > this.offset) this.offset = offset;
  }

  /** Something was missed, and current prices follow in its place. */
  lose() {
    this.#settled = false;
    this.#held = new Set();
  }
}
