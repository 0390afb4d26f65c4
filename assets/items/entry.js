/* An item of a watchlist in a dialog: its note, its target price, and which lists it is on. */
import * as api from "../ui/api.js";
import { el } from "../ui/elements.js";
import { formatMoney } from "../ui/format.js";
import { askForm, labelled } from "./dialog.js";
import { allLists, change } from "./lists.js";
import { minorUnits } from "./minor.js";

/** @param {Api.Watchlist} list @param {Api.WatchedRow} row */
export function editEntry(list, row) {
  const target = row.target_price === null ? "" : String(row.target_price / row.scale);
  const now = row.price === null ? "" : `Now ${formatMoney(row.price, row.scale, row.currency)}`;
  const boxes = allLists().map(({ id, name, items }) =>
    el("label", { class: "watch-choice" }, el("input", { type: "checkbox", name: `list-${id}`, checked: items.some(({ item_id }) => item_id === row.id) }), el("span", { text: name })),
  );
  const note = el("textarea", { name: "note", rows: "3", maxlength: "1000" });
  note.value = row.note;
  const fields = [
    labelled(`Target price, ${row.currency}`, el("input", { name: "target", inputmode: "decimal", autocomplete: "off", value: target }), now),
    labelled("Note", note),
    el("fieldset", { class: "watch-choices" }, el("legend", { text: "Lists" }), boxes),
  ];
  askForm(row.name, "Save", fields, async (values) => {
    const price = minorUnits(values.target, row.scale);
    if (Number.isNaN(price)) return `A target is a price above 0 with at most ${Math.round(Math.log10(row.scale))} decimals.`;
    const noted = { note: values.note.trim(), target_price: price };
    for (const { id, items } of allLists()) {
      const held = items.find(({ item_id }) => item_id === row.id);
      const wanted = `list-${id}` in values;
      const now_ = id === list.id ? noted : held ? { note: held.note, target_price: held.target_price } : noted;
      const wrong = !wanted ? held && (await change.take(id, row.id)) : !held || id === list.id ? await change.put(id, row.id, now_) : null;
      if (wrong) return wrong;
    }
    if (!Object.keys(values).some((name) => name.startsWith("list-"))) api.say(`${row.name} is off your watchlists.`, true);
    return null;
  });
}
