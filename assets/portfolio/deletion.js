/* Transactions taken out together, and put back as they were. */
import * as api from "../ui/api.js";
import { el, find } from "../ui/elements.js";
import { formatCounted } from "../ui/format.js";
import { ROOT, part, route } from "./entries.js";

/** Delete transactions; it can be taken back until the next deletion.
 * @param {number[]} ids @param {string} what @param {HTMLButtonElement} button */
export async function remove(ids, what, button) {
  button.disabled = true;
  /** @type {Api.Answer<{deleted: number, deletion_id: number}>} */
  const answer = await api.call("POST", route("/portfolio/transactions/delete"), { ids });
  button.disabled = false;
  if (!answer.ok) {
    api.say(answer.data.error, false);
    return false;
  }
  const { deletion_id } = answer.data;
  /** @type {HTMLButtonElement} */
  const back = el("button", { type: "button", class: "button", text: "Undo", click: () => undo(deletion_id, back) });
  part("undo").replaceChildren(el("span", { text: `Deleted: ${what}.` }), back);
  back.focus();
  api.changed();
  return true;
}

/** @param {number} deletion @param {HTMLButtonElement} button */
async function undo(deletion, button) {
  button.disabled = true;
  /** @type {Api.Answer<{restored: number, known: number}>} */
  const answer = await api.call("POST", route(`/portfolio/deletions/${deletion}/undo`), {});
  if (!answer.ok) {
    button.disabled = false;
    api.say(answer.data.error, false);
    return;
  }
  const { restored, known } = answer.data;
  const told = restored === 1 ? "It is back." : `${formatCounted(restored, "transaction is", "transactions are")} back.`;
  part("undo").replaceChildren(el("span", { text: known ? `${told} ${formatCounted(known, "was", "were")} imported again meanwhile.` : told }));
  find(document, `#${ROOT} [data-portfolio-add]`).focus();
  api.changed();
}
