/* The form in which texts are searched: letters and digits alone, without case and accents; the rule of db/items/search_form.py. */

const LEFT_OUT = /[\u0000-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00bf\u0300-\u036f\u2000-\u2bff\u3000-\u303f]/g;

/** @param {string} text */
export const searchForm = (text) => text.replaceAll("\u2122", "").normalize("NFKD").toLowerCase().replace(LEFT_OUT, "");
