/* Pictures of items: classes of rarities and silhouettes, as components/items/silhouette.py names them. */

/** A grade, type or weapon as part of a class.
 * @param {string} name */
const slug = (name) => name.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");

/** The class that carries a rarity's colour. @param {{rarity: string | null}} item */
export const rarityClass = ({ rarity }) => (rarity ? `rarity-${slug(rarity)}` : "");

/** Those of an item's silhouette: of its type, and of its weapon, which stands before the finish.
 * @param {{name: string, weapon_type: string | null}} item */
export function silhouetteClass({ name, weapon_type: type }) {
  const weapon = name.replace(/^(★|StatTrak™|Souvenir|\s)+/, "").split(" | ")[0];
  return ["silhouette", ...[type || "", weapon].map(slug).filter(Boolean).map((part) => `silhouette-${part}`)].join(" ");
}
