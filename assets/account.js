/* Buttons and forms of the account: data-account-send="METHOD /path" calls a route with this session's token. */
(() => {
  "use strict";

  const SURE_MS = 4000;
  const props = (id, values) => window.dash_clientside.set_props(id, values);

  function say(message, good) {
    const notice = { action: "show", message, color: good ? "indigo" : "red", autoClose: good ? 4000 : 8000 };
    props("notifications", { sendNotifications: [notice] });
  }

  /** This session's token: from the cookie that Dash uses too, else asked for. */
  async function tokenOf() {
    const cookie = document.cookie.split("; ").find((pair) => pair.startsWith("_csrf_token="));
    if (cookie) return decodeURIComponent(cookie.slice("_csrf_token=".length));
    return (await (await fetch("/api/v1/auth/csrf", { cache: "no-store" })).json()).token;
  }

  async function call(method, path, body) {
    const token = await tokenOf();
    const headers = { Accept: "application/json", "X-CSRF-Token": token };
    if (body) headers["Content-Type"] = "application/json";
    const reply = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
    return { ok: reply.ok, ...(await reply.json()) };
  }

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
      props("account-key", { children: answer.key });
      props("account-key-box", { opened: true });
    } else if (element.dataset.accountSaid) {
      props(element.dataset.accountSaid, { children: answer.message });
    } else {
      say(answer.message, true);
    }
    if (document.getElementById("account-body")) props("account-version", { data: Date.now() });
  }

  async function send(element) {
    const [method, path] = element.dataset.accountSend.split(" ");
    const button = element.matches("form") ? element.querySelector("[type=submit]") : element;
    if (button.getAttribute("aria-busy") === "true") return;
    button.setAttribute("aria-busy", "true");
    try {
      const body = bodyOf(element) || (method === "POST" ? {} : null);
      const answer = await call(method, path, body);
      if (answer.ok) done(element, answer);
      else say(answer.error || "That did not work. Try again.", false);
    } catch (error) {
      if (!(error instanceof TypeError || error instanceof SyntaxError)) throw error;
      say("The server does not answer. Try again in a moment.", false);
    } finally {
      button.removeAttribute("aria-busy");
    }
  }

  /** The first click asks; whether this one is the second. */
  function isSure(button) {
    if (!button.dataset.accountSure || button.dataset.asked) return true;
    const words = button.textContent;
    button.dataset.asked = "1";
    button.textContent = button.dataset.accountSure;
    setTimeout(() => {
      delete button.dataset.asked;
      button.textContent = words;
    }, SURE_MS);
    return false;
  }

  /** The header's menu closes at a choice, a click elsewhere, and Escape. */
  function closeMenu(event) {
    const menu = document.querySelector(".account-menu[open]");
    if (!menu || (event.type === "click" && event.target.closest("summary") === menu.firstElementChild)) return;
    if (event.type === "keydown" && event.key !== "Escape") return;
    const within = menu.contains(document.activeElement);
    menu.open = false;
    if (event.type === "keydown" && within) menu.firstElementChild.focus();
  }

  document.addEventListener("keydown", closeMenu);

  document.addEventListener("click", (event) => {
    closeMenu(event);
    const copy = event.target.closest("[data-account-copy]");
    if (copy) {
      const text = document.getElementById(copy.dataset.accountCopy).textContent;
      navigator.clipboard.writeText(text).then(
        () => say("Copied.", true),
        () => say("The browser does not let this page copy. Select the key and copy it.", false),
      );
      return;
    }
    const button = event.target.closest("[data-account-send]");
    if (button && !button.matches("form") && isSure(button)) send(button);
  });

  document.addEventListener("submit", (event) => {
    if (!event.target.matches("form[data-account-send]")) return;
    event.preventDefault();
    send(event.target);
  });
})();
