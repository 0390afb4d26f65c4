/* Turns: requests that are sent one after another. Sent at once, an answer that was made before a change may come after the change's
   own, and would show what was. */

/** A queue: what is given to it runs once all that was given before has ended, well or not; returned is what it returns. */
export function queue() {
  /** @type {Promise<unknown>} */
  let last = Promise.resolve();
  /** @template Result
   * @param {() => Promise<Result>} work
   * @returns {Promise<Result>} */
  return (work) => {
    const own = last.then(work);
    last = own.catch(() => {}); // whoever waits for it hears of it
    return own;
  };
}
