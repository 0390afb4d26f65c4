/* Buttons and forms of the account: data-account-send="METHOD /path" calls a route with this session's token. */
import * as api from "../ui/api.js";
import { setProps } from "../ui/dash.js";

function bodyOf(element) {
  const given = element.dataset.accountBody ? JSON.parse(element.dataset.accountBody) : null;
  return element.matches("form") ? { ...given, ...Object.fromEntries(new FormData(element)) } : given;
}

function done(element, answer) {
  element.dispatchEvent(new CustomEvent("tracera:sent", { bubbles: true, detail: answer }));
  if (answer.next) {
    window.location.assign(answer.next);
    return;
  }
  if (answer.key) {
    setProps("account-key", { children: answer.key });
    setProps("account-key-box", { opened: true });
  } else if (element.dataset.accountSaid) {
    setProps(element.dataset.accountSaid, { children: answer.message });
  } else {
    api.say(answer.message, true);
  }
  if (document.getElementById("account-body")) setProps("account-version", { data: Date.now() });
}

async function send(element) {
  const [method, path] = element.dataset.accountSend.split(" ");
  const button = element.matches("form") ? element.querySelector("[type=submit]") : element;
  if (button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  try {
    const body = bodyOf(element) || (method === "POST" ? {} : null);
    const answer = await api.call(method, path, body);
    if (answer.ok) done(element, answer.data);
    else api.say(answer.data.error, false);
  } finally {
    button.removeAttribute("aria-busy");
  }
}

document.addEventListener("click", (event) => {
  const copy = event.target.closest("[data-account-copy]");
  if (copy) {
    const text = document.getElementById(copy.dataset.accountCopy).textContent;
    navigator.clipboard.writeText(text).then(
      () => api.say("Copied.", true),
      () => api.say("The browser does not let this page copy. Select the key and copy it.", false),
    );
    return;
  }
  const button = event.target.closest("[data-account-send]");
  if (button && !button.matches("form") && api.sure(button, button.dataset.accountSure)) send(button);
});

document.addEventListener("submit", (event) => {
  if (!event.target.matches("form[data-account-send]")) return;
  event.preventDefault();
  send(event.target);
});
