/* The server's clock: ages are told by it, for the browser's may be wrong. */

let offset = 0; // milliseconds, server minus browser

/** Milliseconds since 1970 by the server's clock. */
export const now = () => Date.now() + offset;

/** How far the server's clock is ahead of the browser's.
 * @param {number} milliseconds */
export const setOffset = (milliseconds) => (offset = milliseconds);
