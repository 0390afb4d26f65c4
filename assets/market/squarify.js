/* Squarified treemaps, after Bruls, Huizing and van Wijk (2000). */

/** Places for weights in falling order inside a rectangle, rows and columns as near to squares as they get.
 * @typedef {{x: number, y: number, w: number, h: number}} Place
 * @param {number[]} weights above 0
 * @param {Place} place
 * @returns {Place[]} */
export function squarify(weights, { x, y, w, h }) {
  const places = [];
  const sum = weights.reduce((all, weight) => all + weight, 0);
  const scale = (w * h) / sum;
  let at = 0;
  while (at < weights.length) {
    const side = Math.min(w, h);
    let total = 0;
    let end = at;
    let worst = Infinity;
    while (end < weights.length) {
      const next = total + weights[end] * scale;
      const [most, least] = [weights[at] * scale, weights[end] * scale];
      const ratio = Math.max((side * side * most) / (next * next), (next * next) / (side * side * least));
      if (ratio > worst) break;
      [worst, total] = [ratio, next];
      end += 1;
    }
    const thick = total / side;
    let along = 0;
    for (; at < end; at += 1) {
      const long = (weights[at] * scale) / thick;
      places.push(w < h ? { x: x + along, y, w: long, h: thick } : { x, y: y + along, w: thick, h: long });
      along += long;
    }
    if (w < h) [y, h] = [y + thick, h - thick];
    else [x, w] = [x + thick, w - thick];
  }
  return places;
}
