/* When the server was last reached, for the page that is shown without it. */
const KEY = "tracera-reached";

/** @param {number} time milliseconds */
export function remember(time) {
  try {
    localStorage.setItem(KEY, String(time));
  } catch (error) {
    if (!(error instanceof DOMException)) throw error; // storage may be full or forbidden
  }
}

/** Milliseconds; null where it is not known. */
export function lastReached() {
  try {
    return Number(localStorage.getItem(KEY)) || null;
  } catch (error) {
    if (error instanceof DOMException) return null;
    throw error;
  }
}
