/* Settings of a portfolio, new ones, and links that share it; see components/portfolio/actions.py. */
import * as api from "../ui/api.js";
import { closest, el, find, icon } from "../ui/elements.js";

const METHODS = {
  fifo: "First in, first out",
  lifo: "Last in, first out",
  hifo: "Dearest first",
  average: "Average cost",
};
/** @returns {Api.KnownPortfolio} */
const known = () => JSON.parse(String(find(document, "#portfolio-dialogs").dataset.portfolioKnown));
/** @param {number | null} id */
const leave = (id) => window.location.assign(id ? `/portfolio?portfolio=${id}` : "/portfolio");

/** A dialog of its own element: the browser keeps the focus in it, closes it at Escape and gives the focus back.
 * @param {string} title @param {Child[]} content */
function open(title, ...content) {
  const close = el("button", { type: "button", class: "portfolio-close", "aria-label": "Close", click: () => box.close() }, icon("close", 16));
  const head = el("div", { class: "portfolio-dialog-head" }, el("h2", { id: "portfolio-dialog-title", class: "card-title", text: title }), close);
  /** @type {HTMLDialogElement} */
  const box = el("dialog", { class: "portfolio-dialog", "aria-labelledby": "portfolio-dialog-title", close: () => box.remove() }, head, ...content);
  box.addEventListener("click", (event) => event.target === box && box.close());
  document.body.append(box);
  box.showModal();
  return box;
}

/** @param {string} label @param {HTMLElement} control @param {string | null} [note] */
const field = (label, control, note) => {
  return el("label", { class: "portfolio-field" }, el("span", { text: label }), control, note ? el("span", { class: "portfolio-note", text: note }) : null);
};
/** @param {string} name @param {Record<string, string>} options @param {string} value */
const select = (name, options, value) => {
  return el("select", { name, class: "portfolio-input" }, Object.entries(options).map(([key, text]) => el("option", { value: key, text, selected: key === value })));
};
/** @param {string} name @param {string} value */
const named = (name, value) => el("input", { name, value, required: true, maxlength: "80", autocomplete: "off", class: "portfolio-input" });
/** @param {string} text @param {string} look @param {Attributes} attributes */
const button = (text, look, attributes = {}) => el("button", { class: `button ${look}`, ...attributes, text });
/** @param {string[]} list @param {string} value */
const currencies = (list, value) => select("currency", Object.fromEntries(list.map((code) => [code, code])), value);

/** A form that calls a route; what is wrong is said under its fields.
 * @param {string} method @param {string} path @param {(made: Api.Portfolio) => void} done @param {Child[]} parts */
function form(method, path, done, ...parts) {
  const said = el("p", { class: "portfolio-said", role: "alert" });
  const send = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    said.textContent = "";
    find(made, "[type=submit]").toggleAttribute("disabled", true);
    /** @type {Api.Answer<Api.Portfolio>} */
    const answer = await api.call(method, path, Object.fromEntries(new FormData(made)));
    find(made, "[type=submit]").toggleAttribute("disabled", false);
    if (answer.ok) done(answer.data);
    else said.textContent = answer.data.error;
  };
  /** @type {HTMLFormElement} */
  const made = el("form", { class: "portfolio-form", submit: send }, parts, said);
  return made;
}

// Settings

function settings() {
  const { portfolio, currencies: codes, sources, rates_awaited: awaited } = known();
  const rates = awaited ? "Exchange rates are fetched once another currency than USD is chosen: values follow within minutes." : codes.length > 1 ? null : "No exchange rates are fetched here, so that there are no others.";
  const prices = { reference: "Reference: the source shown everywhere", best: "Best: where selling leaves most", ...Object.fromEntries(sources.map((name) => [name, name])) };
  const change = form(
    "PATCH",
    `/api/v1/portfolios/${portfolio.id}`,
    () => leave(portfolio.includes_steam ? null : portfolio.id),
    field("Name", named("name", portfolio.name)),
    field("Currency", currencies(codes, portfolio.currency), rates),
    field("Prices", select("price_source", prices, portfolio.price_source)),
    field("Cost of what is sold", select("cost_method", METHODS, portfolio.cost_method)),
    el("div", { class: "portfolio-buttons" }, button("Save", "button-filled", { type: "submit" })),
  );
  const fresh = form(
    "POST",
    "/api/v1/portfolios",
    (made) => leave(made.id),
    field("Name", named("name", "")),
    field("Currency", currencies(codes, portfolio.currency)),
    el("div", { class: "portfolio-buttons" }, button("Create portfolio", "", { type: "submit" })),
  );
  const more = el("details", { class: "portfolio-section" }, el("summary", { text: "New portfolio" }), fresh);
  open("Portfolio settings", change, more, portfolio.includes_steam ? null : remove(portfolio));
}

/** @param {Api.Portfolio} portfolio */
function remove(portfolio) {
  const send = async (/** @type {Event} */ { currentTarget }) => {
    if (!api.sure(/** @type {HTMLElement} */ (currentTarget), "Really delete it?")) return;
    const answer = await api.call("DELETE", `/api/v1/portfolios/${portfolio.id}`);
    if (answer.ok) leave(null);
    else api.say(answer.data.error, false);
  };
  const note = el("p", { class: "portfolio-note", text: "Its transactions and history are deleted with it. This cannot be undone." });
  return el("details", { class: "portfolio-section" }, el("summary", { text: "Delete this portfolio" }), note, button("Delete", "portfolio-danger", { type: "button", click: send }));
}

// Links

const query = () => `?portfolio_id=${known().portfolio.id}`;

/** @param {string} token */
function link(token) {
  const address = `${window.location.origin}/shared/${token}`;
  const shown = el("input", { class: "portfolio-input", value: address, readonly: true, "aria-label": "The new link" });
  const copy = async () => {
    shown.select();
    try {
      await navigator.clipboard.writeText(address);
      api.say("Copied.", true);
    } catch (error) {
      if (!(error instanceof DOMException || error instanceof TypeError)) throw error;
      api.say("The browser does not let this page copy. The link is selected: copy it.", false);
    }
  };
  const note = el("p", { class: "portfolio-note", text: "Copy it now: it is shown this once, only its fingerprint is kept." });
  return el("div", { class: "portfolio-new-link" }, note, el("div", { class: "portfolio-inline" }, shown, button("Copy", "", { type: "button", click: copy })));
}

/** @param {Api.Share} row @param {() => void} again */
function shared(row, again) {
  const what = row.hide_quantities ? "without quantities" : "with quantities and amounts";
  const revoke = async (/** @type {Event} */ { currentTarget }) => {
    if (!api.sure(/** @type {HTMLElement} */ (currentTarget), "Really revoke?")) return;
    const answer = await api.call("DELETE", `/api/v1/portfolio/shares/${row.id}`);
    if (answer.ok) again();
    else api.say(answer.data.error, false);
  };
  const made = new Date(row.created_at).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
  return el("li", {}, el("span", { text: `${made}, ${what}` }), button("Revoke", "", { type: "button", click: revoke }));
}

function share() {
  const list = el("ul", { class: "portfolio-links" });
  const fresh = el("div", { "aria-live": "polite" });
  const again = async () => {
    /** @type {Api.Answer<Api.Share[]>} */
    const answer = await api.call("GET", `/api/v1/portfolio/shares${query()}`);
    const none = el("li", { class: "muted", text: answer.ok ? "Nobody but you sees this portfolio." : answer.data.error });
    list.replaceChildren(...(answer.ok && answer.data.length ? answer.data.map((row) => shared(row, again)) : [none]));
  };
  const create = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const hide = !box.checked;
    /** @type {Api.Answer<{token: string}>} */
    const answer = await api.call("POST", `/api/v1/portfolio/shares${query()}`, { hide_quantities: hide });
    if (!answer.ok) return api.say(answer.data.error, false);
    fresh.replaceChildren(link(answer.data.token));
    return again();
  };
  const box = el("input", { type: "checkbox", name: "quantities" });
  const made = el("form", { class: "portfolio-form", submit: create }, el("label", { class: "portfolio-check" }, box, "Show quantities and amounts, too"), el("div", { class: "portfolio-buttons" }, button("Create link", "button-filled", { type: "submit" })));
  const note = el("p", { class: "portfolio-note", text: "Whoever has a link sees this portfolio, signed in or not, until you revoke it. Transactions and lots stay yours." });
  open("Share this portfolio", note, made, fresh, el("h3", { class: "portfolio-sub", text: "Links that work" }), list);
  again();
}

document.addEventListener("click", (event) => {
  const opener = closest(event, "[data-portfolio-dialog]");
  if (opener) (opener.dataset.portfolioDialog === "share" ? share : settings)();
});
