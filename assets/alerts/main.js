/* The dialog that makes or changes a rule, with how often it would have fired; loaded when it is first opened (assets/alerts/bell.js). */
import { askForm, labelled } from "../items/dialog.js";
import * as api from "../ui/api.js";
import { el, find } from "../ui/elements.js";
import { formatCounted, formatMoney, formatMoment } from "../ui/format.js";
import { fromText, KINDS, kindOf, known, suggested, toText, unitOf } from "./kinds.js";

const ROUTE = "/api/v1/alerts";
const QUIET_MS = 400;
const WINDOWS = ["1h", "24h", "7d", "30d"];

/** @param {string} name @param {[string, string][]} choices value and words @param {string} chosen */
const choice = (name, choices, chosen) => el("select", { name }, choices.map(([value, text]) => el("option", { value, text, selected: value === chosen })));

/** What the form asks for, or what is wrong with it.
 * @param {HTMLFormElement} form @param {Alerts.Target} target @returns {Alerts.Condition | string} */
function asked(form, target) {
  const values = Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value)]));
  const { kind, direction } = KINDS[values.condition];
  const threshold = fromText(values.threshold, kind, target);
  if (threshold === null) return `A threshold in ${unitOf(kind, target)}, please.`;
  const clear = values.clear.trim() ? fromText(values.clear, kind, target) : null;
  if (clear === null && values.clear.trim()) return `It ends at a value in ${unitOf(kind, target)}, or at the default where the field is empty.`;
  const window = kind === "change" ? { window: values.window } : {};
  return {
    ...(kind === "value" ? { portfolio_id: Number(values.portfolio ?? target.portfolio_id) } : { item_id: Number(target.item_id) }),
    ...window,
    kind,
    direction,
    threshold,
    clear,
    hold_seconds: Math.round(60 * Number(values.hold)),
    cooldown_seconds: Math.round(60 * Number(values.cooldown)),
    once: "once" in values,
    no_data: values.no_data,
  };
}

/** Tells how often the rule would have fired, a moment after the last change. @param {HTMLFormElement} form @param {Alerts.Target} target */
function preview(form, target) {
  const said = find(form, ".alert-preview");
  let timer = 0;
  let question = 0;
  const ask = async () => {
    question += 1;
    const mine = question;
    const condition = asked(form, target);
    if (typeof condition === "string") {
      said.textContent = condition;
      return;
    }
    said.textContent = "Looking at the last 90 days …";
    /** @type {Api.Answer<{fired: string[], hours: number, days: number}>} */
    const answer = await api.call("POST", `${ROUTE}/preview`, condition);
    if (mine !== question) return;
    if (!answer.ok) said.textContent = `${answer.data.error}.`;
    else said.textContent = told(answer.data);
  };
  const later = () => {
    clearTimeout(timer);
    timer = setTimeout(ask, QUIET_MS);
  };
  form.addEventListener("input", later);
  ask();
}

/** @param {{fired: string[], hours: number, days: number}} found */
function told({ fired, hours, days }) {
  if (!hours) return `Nothing is known of the last ${days} days.`;
  const over = `over the last ${days} days${known(hours, days)}`;
  if (!fired.length) return `Would not have fired ${over}.`;
  const last = formatMoment(fired[fired.length - 1]);
  return `Would have fired ${formatCounted(fired.length, "time", "times")} ${over}, the last on ${last}.`;
}

/** The fields that follow the condition: which window, and in which unit the threshold is.
 * @param {HTMLFormElement} form @param {Alerts.Target} target */
function follow(form, target) {
  const { kind, direction } = KINDS[/** @type {HTMLSelectElement} */ (find(form, "[name=condition]")).value];
  const windows = find(form, "[name=window]").closest("label");
  if (windows) windows.hidden = kind !== "change";
  find(form, ".alert-unit").textContent = unitOf(kind, target);
  return suggested(kind, direction, target);
}

/** @param {Alerts.Target} target @param {Alerts.Rule | null} rule one that is changed @param {Alerts.Portfolio[]} portfolios */
function openForm(target, rule, portfolios) {
  const isValue = portfolios.length > 0 || Boolean(rule?.portfolio_id);
  const kinds = Object.entries(KINDS).filter(([, { kind }]) => (rule ? kind === rule.kind : (kind === "value") === isValue));
  const condition = rule ? kindOf(rule) : kinds[0][0];
  const chosen = KINDS[condition];
  const start = rule ? rule.threshold : suggested(chosen.kind, chosen.direction, target);
  const threshold = el("input", { name: "threshold", inputmode: "decimal", autocomplete: "off", required: true, value: toText(start, chosen.kind, target) });
  const unit = el("span", { class: "alert-unit" });
  const now = target.price === null ? null : `Now ${formatMoney(target.price, target.price_scale, target.currency)}`;
  const fields = [
    portfolios.length ? labelled("Portfolio", choice("portfolio", portfolios.map(({ id, name }) => [String(id), name]), "")) : null,
    labelled("Tell me when", choice("condition", kinds.map(([name, { words }]) => [name, words]), condition)),
    labelled("Over", choice("window", WINDOWS.map((name) => [name, name]), rule?.window ?? "24h")),
    el("label", { class: "small-dialog-field" }, el("span", {}, "Threshold, ", unit), threshold, now ? el("span", { class: "muted", text: now }) : null),
    el("p", { class: "alert-preview", role: "status" }),
    more(rule, chosen.kind, target),
  ].filter((field) => field !== null);
  const box = askForm(rule ? `Change the alert on ${target.name}` : `Alert on ${target.name}`, rule ? "Save" : "Make alert", fields, async () => {
    const wanted = asked(form, target);
    if (typeof wanted === "string") return wanted;
    const answer = rule ? await change(rule, wanted) : await api.call("POST", ROUTE, wanted);
    if (!answer.ok) return `${answer.data.error[0].toUpperCase()}${answer.data.error.slice(1)}.`;
    api.say(rule ? "The alert is changed." : "You will be told: the bell above counts.", true);
    document.dispatchEvent(new Event("tracera:alerts"));
    return null;
  });
  const form = /** @type {HTMLFormElement} */ (find(box, "form"));
  find(form, "[name=condition]").addEventListener("change", () => {
    const { kind } = KINDS[/** @type {HTMLSelectElement} */ (find(form, "[name=condition]")).value];
    threshold.value = toText(follow(form, target), kind, target);
  });
  const portfolio = form.querySelector("[name=portfolio]");
  portfolio?.addEventListener("change", () => {
    const own = portfolios.find(({ id }) => String(id) === /** @type {HTMLSelectElement} */ (portfolio).value);
    if (own) Object.assign(target, ofPortfolio(own));
    threshold.value = toText(follow(form, target), "value", target);
  });
  follow(form, target);
  preview(form, target);
}

/** What few change. @param {Alerts.Rule | null} rule @param {string} kind @param {Alerts.Target} target */
function more(rule, kind, target) {
  const minutes = (/** @type {number} */ seconds) => String(Math.round(seconds / 60));
  const number = { type: "number", min: "0", required: true };
  return el(
    "details",
    { class: "alert-more" },
    el("summary", { text: "More" }),
    el("div", {},
    labelled("It ends beyond", el("input", { name: "clear", inputmode: "decimal", autocomplete: "off", value: rule ? toText(rule.clear, kind, target) : "" }), "Empty: far enough that swings of 1 % tell once"),
    labelled("Must hold for, minutes", el("input", { name: "hold", ...number, max: "10080", value: minutes(rule?.hold_seconds ?? 0) })),
    labelled("At most once in, minutes", el("input", { name: "cooldown", ...number, max: "43200", value: minutes(rule?.cooldown_seconds ?? 3600) })),
    labelled("Without data", choice("no_data", [["keep", "stay as it is"], ["ok", "count as over"], ["alert", "tell me"]], rule?.no_data ?? "keep")),
    el("label", { class: "alert-once" }, el("input", { type: "checkbox", name: "once", checked: rule?.once ?? false }), el("span", { text: "Once, then off" })),
    ),
  );
}

/** @param {Alerts.Rule} rule @param {Alerts.Condition} wanted @returns {Promise<Api.Answer<object>>} */
function change(rule, { kind, item_id, portfolio_id, ...rest }) {
  return api.call("PATCH", `${ROUTE}/${rule.id}`, rest);
}

/** @param {Alerts.Portfolio} own @returns {Alerts.Target} */
const ofPortfolio = ({ id, currency, price_scale, value }) => ({ name: "your portfolio", item_id: null, portfolio_id: id, currency, price_scale, price: value });

/** @param {string} path */
async function ask(path) {
  /** @type {Api.Answer<any>} */
  const answer = await api.call("GET", path);
  if (answer.ok) return answer.data;
  api.say(answer.data.error, false);
  return null;
}

document.addEventListener("tracera:alert", async ({ detail }) => {
  if (detail.alertEdit) {
    const rule = /** @type {Alerts.Rule | null} */ (await ask(`${ROUTE}/${detail.alertEdit}`));
    const money = rule && ["price", "value"].includes(rule.kind);
    if (rule) openForm({ ...rule, price: money ? rule.value : null }, rule, []);
  } else if (detail.alertPortfolio) {
    const portfolios = /** @type {Alerts.Portfolio[]} */ (JSON.parse(detail.alertPortfolio));
    openForm(ofPortfolio(portfolios[0]), null, portfolios);
  } else {
    const item = await ask(`/api/v1/items/${detail.alertItem}`);
    if (item) openForm({ ...item, name: item.market_hash_name, item_id: item.id, portfolio_id: null }, null, []);
  }
});
