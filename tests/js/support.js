// What the tests of scripts share.

/** Fail where two values are not the same as JSON.
 * @param {unknown} found @param {unknown} wanted */
export function equal(found, wanted) {
  const [one, other] = [JSON.stringify(found), JSON.stringify(wanted)];
  if (one !== other) throw new Error(`found ${one}, wanted ${other}`);
}

/** A JSON file beside the tests.
 * @param {string} path */
export const readJson = (path) => JSON.parse(Deno.readTextFileSync(new URL(path, import.meta.url)));
