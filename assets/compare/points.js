/* Points of a line as the chart library takes them: holes stay open. */

/** A line of the chart: a level a bucket, null where there is no close; behind the closes at `gaps` the source said nothing.
 * @typedef {{name: string, levels: (number | null)[], gaps: number[], index: boolean}} Line */

/** A line's points: a step over a gap, which takes its colour from the point before, has none; what stands alone is a dot.
 * @param {Pick<Line, "levels" | "gaps">} line
 * @param {number[]} time
 * @param {string} own its colour */
export function points({ levels, gaps }, time, own) {
  const behind = new Set(gaps);
  let apart = true; // nothing leads to the next point
  const dots = /** @type {{time: number, position: string, shape: string, color: string, size: number}[]} */ ([]);
  const last = levels.findLastIndex((level) => level !== null);
  const data = levels.map((value, at) => {
    if (value === null) return { time: time[at] };
    const ends = behind.has(at);
    if (apart && (ends || at === last)) dots.push({ time: time[at], position: "inBar", shape: "circle", color: own, size: 0.4 });
    apart = ends;
    return { time: time[at], value, ...(ends ? { color: "transparent" } : {}) };
  });
  return { data, dots };
}
