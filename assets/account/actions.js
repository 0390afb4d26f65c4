/* Buttons and forms of the account: data-account-send="METHOD /path" calls a route with this session's token,
   data-account-done="words" says what came of it in place of the answer's own message. */
import * as api from "../ui/api.js";
import { setProps } from "../ui/dash.js";
import { closest, find } from "../ui/elements.js";

/** @param {HTMLElement} element */
function bodyOf(element) {
  const given = element.dataset.accountBody ? JSON.parse(element.dataset.accountBody) : null;
  return element.matches("form") ? { ...given, ...Object.fromEntries(new FormData(element)) } : given;
}

const LATER_STATUS = 202; // put into the queue
const LATER = "It is on its way. The header of every page says when it is done.";
const SILENT = { message: "Done." }; // a route that deletes says nothing: 204

/** What came of a call.
 * @param {HTMLElement} element @param {number} status @param {Api.Said} answer */
function done(element, status, answer) {
  element.dispatchEvent(new CustomEvent("tracera:sent", { bubbles: true, detail: answer }));
  if (answer.next) {
    window.location.assign(answer.next);
    return;
  }
  const shown = answer.key || answer.secret;
  if (shown) {
    setProps("account-key", { children: shown });
    setProps("account-key-box", { opened: true });
  } else if (element.dataset.accountSaid) {
    setProps(element.dataset.accountSaid, { children: answer.message });
  } else {
    api.say(element.dataset.accountDone || (status === LATER_STATUS ? LATER : answer.message), true);
  }
  refresh();
}

const refresh = () => document.getElementById("account-body") && setProps("account-version", { data: Date.now() });

/** @param {HTMLElement} element */
async function send(element) {
  const [method, path] = String(element.dataset.accountSend).split(" ");
  const button = element.matches("form") ? find(element, "[type=submit]") : element;
  if (button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  try {
    const body = bodyOf(element) || (method === "POST" ? {} : null);
    /** @type {Api.Answer<Api.Said | null>} */
    const answer = await api.call(method, path, body);
    if (answer.ok) done(element, answer.status, answer.data || SILENT);
    else {
      api.say(answer.data.error, false);
      element.dispatchEvent(new CustomEvent("tracera:refused", { bubbles: true }));
    }
  } finally {
    button.removeAttribute("aria-busy");
  }
}

document.addEventListener("click", (event) => {
  const copy = closest(event, "[data-account-copy]");
  if (copy) {
    const text = find(document, `#${copy.dataset.accountCopy}`).textContent;
    navigator.clipboard.writeText(text).then(
      () => api.say("Copied.", true),
      () => api.say("The browser does not let this page copy. Select the key and copy it.", false),
    );
    return;
  }
  const button = closest(event, "[data-account-send]");
  if (button && !button.matches("form") && api.sure(button, button.dataset.accountSure)) send(button);
});

document.addEventListener("submit", (event) => {
  const form = closest(event, "form[data-account-send]");
  if (!form) return;
  event.preventDefault();
  send(form);
});
// A file that was made is listed.
document.addEventListener("tracera:ended", refresh);
