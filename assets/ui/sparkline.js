/* Sparklines: a few levels from 0 to 100 as a line. */

/** The path of a line through levels; a null is a gap.
 * @param {(number | null)[]} levels
 * @param {number} width
 * @param {number} height */
export function sparkPath(levels, width, height) {
  const step = width / (levels.length - 1);
  let path = "";
  let pen = "M";
  levels.forEach((level, index) => {
    if (level === null) {
      pen = "M";
      return;
    }
    path += `${pen}${(index * step).toFixed(1)} ${(height - 2 - (level / 100) * (height - 4)).toFixed(1)}`;
    pen = "L";
  });
  return path;
}

/** Whether a line falls, stays or rises from its first known level to its last: -1, 0 or 1.
 * @param {(number | null)[]} levels */
export function sparkSide(levels) {
  const known = levels.filter((level) => level !== null);
  return Math.sign(known[known.length - 1] - known[0]);
}
