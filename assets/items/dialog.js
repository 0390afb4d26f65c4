/* Small dialogs of the pages of items and watchlists. */
import { el, icon } from "../ui/elements.js";

/** A dialog of its own element: the browser keeps the focus in it, closes it at Escape and gives the focus back.
 * @param {string} title @param {Child[]} content */
export function openDialog(title, ...content) {
  const close = el("button", { type: "button", class: "small-dialog-close", "aria-label": "Close", click: () => box.close() }, icon("close", 16));
  const head = el("div", { class: "small-dialog-head" }, el("h2", { id: "small-dialog-title", class: "card-title", text: title }), close);
  /** @type {HTMLDialogElement} */
  const box = el("dialog", { class: "small-dialog", "aria-labelledby": "small-dialog-title", close: () => box.remove() }, head, ...content);
  box.addEventListener("click", (event) => event.target === box && box.close());
  document.body.append(box);
  box.showModal();
  return box;
}

/** A form in a dialog that closes once `send` says nothing; what it says stands under the fields.
 * @param {string} title @param {string} action on the button @param {Child[]} fields
 * @param {(values: Record<string, string>) => Promise<string | null>} send
 * @param {Child[]} more beside the button */
export function askForm(title, action, fields, send, ...more) {
  const said = el("p", { class: "small-dialog-said", role: "alert" });
  const submit = el("button", { type: "submit", class: "button button-filled", text: action });
  const form = el("form", {}, fields, said, el("div", { class: "small-dialog-actions" }, submit, ...more));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    submit.disabled = true;
    said.textContent = "";
    const values = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value)]));
    const wrong = await send(values);
    submit.disabled = false;
    if (wrong) said.textContent = wrong;
    else box.close();
  });
  const box = openDialog(title, form);
  const first = box.querySelector("input, textarea");
  if (first) first.focus();
  return box;
}

/** @param {string} label @param {HTMLElement} control @param {string} [note] */
export const labelled = (label, control, note) =>
  el("label", { class: "small-dialog-field" }, el("span", { text: label }), control, note ? el("span", { class: "muted", text: note }) : null);

/** A field for a name of at most 60 letters. @param {string} value */
export const nameField = (value) => labelled("Name", el("input", { name: "name", value, required: true, maxlength: "60", autocomplete: "off" }));

/** Whether the account's menu is there: its owner is signed in. */
export const isSignedIn = () => Boolean(document.querySelector("#account [data-account-send='POST /api/v1/auth/logout']"));
/** The frame is there, and says who is signed in or that nobody is. */
export const isKnown = () => Boolean(isSignedIn() || document.querySelector("#account a[href='/sign-in']"));

/** What this browser keeps under a key; null where that is nothing of ours. @param {string} key */
export function readStored(key) {
  try {
    return JSON.parse(String(window.localStorage.getItem(key)));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof DOMException) return null;
    throw error;
  }
}

/** Keep a value; false where the browser's store is full or forbidden.
 * @param {string} key @param {unknown} value null: nothing any more */
export function store(key, value) {
  try {
    if (value === null) window.localStorage.removeItem(key);
    else window.localStorage.setItem(key, JSON.stringify(value));
    return true;
  } catch (error) {
    if (error instanceof DOMException) return false;
    throw error;
  }
}
