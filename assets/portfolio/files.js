/* Files of the portfolio: CSV, Steam's market history and our own export, looked at first, taken in after a second click:
   openFile("csv" | "steam" | "restore"). */
import * as api from "../ui/api.js";
import { el } from "../ui/elements.js";
import { formatCount, formatCounted, money } from "../ui/format.js";
import { columns } from "./columns.js";
import { route } from "./entries.js";
import { unitOf } from "./fields.js";
import { moment } from "./figures.js";
import { counts, known, names } from "./preview.js";

const LARGEST = 16 * 1024 * 1024; // what the server takes
const SHOWN = 10;
/** @type {Record<string, string>} */
const SEPARATORS = { ",": "comma", ";": "semicolon", "\t": "tab", "|": "bar" };
/** @type {Record<"csv" | "steam" | "restore", {title: string, words: string, example?: string, accept: string, path: string}>} */
const KINDS = {
  csv: {
    title: "Import a CSV file",
    words: "One transaction a line, with a header. Names of columns that are not ours are matched, or chosen by you: exports of CSFloat, Skinport, Buff or Pricempire, or a sheet of your own. It is checked first; nothing is kept before you confirm.",
    example: "date,type,item,quantity,price,fee,currency\n2024-05-31,buy,AK-47 | Redline (Field-Tested),2,12.50,0.00,USD\n2024-06-02,sell,AK-47 | Redline (Field-Tested),1,14.00,1.82,USD",
    accept: ".csv,.tsv,.txt,text/csv",
    path: "/portfolio/transactions/csv",
  },
  steam: {
    title: "Import Steam's market history",
    words: "Signed in at Steam, open steamcommunity.com/market/myhistory?norender=1&count=500 and save the page, or copy all of it. What is there already is passed over, so that pages may overlap; several files may be chosen at once.",
    accept: ".json,.txt,application/json",
    path: "/portfolio/transactions/steam",
  },
  restore: {
    title: "Restore a Tracera export",
    words: "A JSON export takes the place of everything you keep here: every portfolio, its transactions, history and imported items. All of it, or nothing where the file is damaged.",
    accept: ".json,application/json",
    path: "/portfolio/restore",
  },
};
/** @typedef {keyof typeof KINDS} Kind */
/** What is open: `seen` is the file that was looked at, `blob` the same once it can be imported.
 * @typedef {{kind: Kind, dialog: HTMLDialogElement, confirm: HTMLButtonElement, closing: HTMLButtonElement, blob: Blob | null, seen: Blob | null,
 *   renames: Record<string, string>, layout: Api.Layout, again: boolean, asked: number, result: HTMLElement, progress: HTMLElement}} Box
 * @type {Box | null} */
let box = null;
/** Nothing is said of a file's columns yet. */
const unsaid = () => ({ columns: {}, kind: "", currency: "" });
/** The dialog, while it is open. */
const opened = () => /** @type {Box} */ (box);

/** POST a file with its progress: {ok, status, data}, as of api.call.
 * @param {string} path @param {Blob} blob @param {(share: number) => void} progress */
async function upload(path, blob, progress) {
  const token = await api.token();
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    const broken = () => resolve({ ok: false, status: 0, data: { error: "The server does not answer, or the connection broke. Nothing was imported; try again." } });
    request.open("POST", path);
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.setRequestHeader("X-CSRF-Token", token);
    request.upload.addEventListener("progress", (event) => event.lengthComputable && progress(event.loaded / event.total));
    request.addEventListener("error", broken);
    request.addEventListener("load", () => {
      let data = null;
      try {
        data = JSON.parse(request.responseText);
      } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
      }
      const ok = request.status >= 200 && request.status < 300;
      resolve({ ok, status: request.status, data: data || { error: "That did not work. Try again." } });
    });
    request.send(blob);
  });
}

/** @param {string} words @param {number | null} share */
function busy(words, share = null) {
  const bar = el("progress", { "aria-label": words, max: "1" });
  if (share !== null && share < 1) bar.value = share;
  opened().progress.replaceChildren(el("span", { text: words }), bar);
  opened().progress.hidden = false;
  opened().confirm.disabled = true;
}

const idle = () => (opened().progress.hidden = true);

/** @param {string[]} heads @param {HTMLElement[]} rows @param {string} label */
function table(heads, rows, label, kind = "") {
  const grid = el("table", { class: `plain-table ${kind}`, role: "table" }, el("thead", {}, el("tr", {}, heads.map((text) => el("th", { scope: "col", text })))), el("tbody", {}, rows));
  return el("div", { class: "plain-frame", tabindex: "0", role: "region", "aria-label": label }, grid);
}

/** @param {string} text */
const problem = (text) => el("p", { class: "alert", role: "alert", text });

/** What is wrong, line by line.
 * @param {Api.BadLine[]} bad @param {number} good */
function badLines(bad, good) {
  const rows = bad.map((one) => el("tr", {}, el("th", { scope: "row", text: one.line ? one.line : "entered before" }), el("td", { text: one.message })));
  const what = formatCounted(bad.length, "line cannot", "lines cannot");
  const words = good ? `${what} be imported. Take the good ones now: the others stay here to be mended.` : `${what} be imported. Correct them and choose the file again.`;
  return [problem(words), table(["Line", "What is wrong"], rows, "Bad lines")];
}

/** The first new ones; those that are there already are struck through.
 * @param {Api.Transaction[]} rows @param {Api.Transaction[]} there */
function firstRows(rows, there = []) {
  const cell = (/** @type {string} */ text, more = {}) => el("td", { role: "cell", text, ...more });
  const struck = new Set(there.slice(0, SHOWN));
  const every = [...rows.slice(0, SHOWN), ...struck].toSorted((one, other) => Date.parse(one.time) - Date.parse(other.time));
  const line = (/** @type {Api.Transaction} */ row) =>
    el("tr", { role: "row", class: struck.has(row) ? "portfolio-there" : null, title: struck.has(row) ? "There already" : null }, el("th", { scope: "row", role: "rowheader" }, moment(row)),
      cell(row.kind), cell(row.market_hash_name || ""), cell(row.quantity ? formatCount(row.quantity) : ""),
      cell(row.kind === "drop" ? "" : money(row.price, unitOf(row.currency)), { class: "portfolio-file-price" }));
  return table(["Date", "Type", "Item", "Quantity", "Price"], every.map(line), "The first transactions", "row-cards portfolio-file-rows");
}

const RESULT = {
  /** @param {Api.CsvPreview} found */
  csv(found) {
    const told = `${formatCounted(found.transactions, "transaction", "transactions")}, ${found.encoding}, separated by ${SEPARATORS[found.delimiter] || found.delimiter}.`;
    /** @type {HTMLElement[]} */
    const parts = [el("p", { text: told }), counts(found)];
    parts.push(columns(found.columns, opened().layout, arrange));
    if (found.bad_lines.length) parts.push(...badLines(found.bad_lines, found.good));
    parts.push(...names(found.names, accept), ...known(found, opened().again, repeat));
    if (found.first.length || found.known_first.length) parts.push(firstRows(found.first, found.known_first));
    if (found.new > SHOWN) parts.push(el("p", { class: "muted", text: `The first ${SHOWN} are shown.` }));
    return { parts, ready: found.good };
  },
  /** @param {Api.SteamPreview} found */
  steam(found) {
    /** @type {HTMLElement[]} */
    const parts = [el("p", { text: `${formatCounted(found.transactions, "purchase or sale", "purchases and sales")} found.` }), counts(found)];
    if (found.left_out.length) {
      parts.push(el("p", { class: "muted", text: `${formatCounted(found.left_out.length, "entry is", "entries are")} left out:` }));
      parts.push(table(["Entry"], found.left_out.map((text) => el("tr", {}, el("th", { scope: "row", text }))), "Left out"));
    }
    return { parts, ready: found.new };
  },
  /** @param {Api.Archive} found */
  restore(found) {
    const sum = (/** @type {string} */ name) => found.portfolios.reduce((all, one) => all + (one[name] || []).length, 0);
    const told = [formatCounted(found.portfolios.length, "portfolio", "portfolios"), formatCounted(sum("transactions"), "transaction", "transactions"), formatCounted(sum("snapshots"), "valuation", "valuations"), formatCounted((found.steam_holdings || []).length, "imported item", "imported items")];
    const when = new Date(found.exported_at);
    const at = Number.isNaN(when.getTime()) ? "" : ` Exported ${when.toLocaleString()}.`;
    return { parts: [el("p", { text: `${told.join(", ")}.${at}` })], ready: 1 };
  },
};

/** A near name was accepted: the file is looked at anew with it.
 * @param {string} name @param {string} own */
function accept(name, own) {
  opened().renames[name] = own;
  look(/** @type {Blob} */ (opened().seen));
}

/** @param {boolean} again */
function repeat(again) {
  opened().again = again;
  look(/** @type {Blob} */ (opened().seen));
}

/** @param {Api.Layout} layout */
function arrange(layout) {
  opened().layout = layout;
  look(/** @type {Blob} */ (opened().seen));
}

/** What the reader decided about the file.
 * @returns {Record<string, string>} */
function decided() {
  if (opened().kind !== "csv") return {};
  /** @type {Record<string, string>} */
  const renames = Object.keys(opened().renames).length ? { renames: JSON.stringify(opened().renames) } : {};
  const { columns: chosen, kind, currency } = opened().layout;
  return { ...renames, ...(opened().again && { again: "true" }), ...(Object.keys(chosen).length && { columns: JSON.stringify(chosen) }), ...(kind && { kind }), ...(currency && { currency }) };
}

/** Another file: nothing is decided about it yet, but what was `kept` of a file that is corrected.
 * @param {Blob} blob */
function begin(blob, kept = false) {
  Object.assign(opened(), { renames: {}, again: false, ...(!kept && { layout: unsaid() }) });
  look(blob);
}

/** An export is looked at here: the server knows but all or nothing.
 * @param {Blob} blob */
async function readExport(blob) {
  try {
    const found = JSON.parse(await blob.text());
    if (found?.format === "tracera-portfolio" && Array.isArray(found.portfolios)) return { ok: true, data: found };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  return { ok: false, data: { error: "This is no export of Tracera: a JSON file whose format is tracera-portfolio." } };
}

/** @param {Blob} blob */
async function look(blob) {
  const { kind } = opened();
  Object.assign(opened(), { blob: null, seen: blob });
  opened().confirm.disabled = true;
  if (!blob.size || blob.size > LARGEST) {
    const words = blob.size ? "The file is larger than 16 MB; import it in parts." : "The file is empty.";
    opened().result.replaceChildren(problem(words));
    return;
  }
  const mine = (opened().asked += 1);
  const own = opened();
  const current = () => own === box && mine === own.asked;
  busy("Sending", 0);
  const path = route(KINDS[kind].path, { preview: "true", ...decided() });
  const told = (/** @type {number} */ share) => current() && busy(share < 1 ? `Sending, ${Math.round(100 * share)} %` : "Checking every line", share);
  const answer = kind === "restore" ? await readExport(blob) : await upload(path, blob, told);
  if (!current()) return;
  idle();
  if (!answer.ok) {
    const { error, columns: found } = answer.data;
    opened().result.replaceChildren(...(found ? [columns(found, opened().layout, arrange)] : [problem(error)]));
    return;
  }
  const { parts, ready } = RESULT[kind](answer.data);
  opened().result.replaceChildren(...parts);
  opened().blob = ready ? blob : null;
  opened().confirm.disabled = !ready;
  opened().confirm.textContent = kind === "restore" ? "Replace everything" : ready ? `Import ${formatCounted(ready, "transaction", "transactions")}` : "Import";
  opened().confirm.title = answer.data.new === 0 && !answer.data.bad_lines?.length ? "Nothing of it is new" : "";
  if (ready) opened().confirm.focus();
}

/** @param {Api.FileTaken} answer */
function done(answer) {
  const { kind } = opened();
  const left = answer.bad_lines || [];
  if (left.length) mend(answer.header || "", left);
  else close();
  if (kind === "restore") {
    api.say(`Restored: ${formatCounted(answer.portfolios, "portfolio", "portfolios")}, ${formatCounted(answer.transactions, "transaction", "transactions")}.`, true);
    // Every portfolio has a new number now, so that the page begins anew.
    window.location.assign("/portfolio?tab=transactions");
    return;
  }
  const known = answer.known ? ` ${formatCounted(answer.known, "was", "were")} there already.` : "";
  api.say(`${formatCounted(answer.added, "transaction", "transactions")} added.${known}`, true);
  api.changed();
}

/** The bad lines, to be corrected and checked again: what was good of the file is in.
 * @param {string} header @param {Api.BadLine[]} left */
function mend(header, left) {
  const { dialog, result, confirm } = opened();
  const paste = /** @type {HTMLTextAreaElement} */ (dialog.querySelector("#portfolio-paste"));
  paste.value = [header, ...left.map((one) => one.text)].join("\n");
  paste.rows = Math.min(12, left.length + 2);
  paste.dispatchEvent(new Event("input"));
  result.replaceChildren(...badLines(left, 0).slice(1));
  result.prepend(el("p", { class: "portfolio-note", text: `The good lines are in. ${formatCounted(left.length, "line is", "lines are")} left above: correct and check ${left.length === 1 ? "it" : "them"}.` }));
  Object.assign(opened(), { blob: null });
  Object.assign(confirm, { disabled: true, textContent: "Import" });
  paste.focus();
}

async function take() {
  const { blob } = opened();
  if (!blob || !api.sure(opened().confirm, opened().kind === "restore" ? "Really replace everything?" : null)) return;
  const own = opened();
  busy("Sending", 0);
  opened().closing.disabled = true;
  const path = own.kind === "restore" ? "/api/v1/portfolio/restore" : route(KINDS[own.kind].path, { ...decided(), ...(own.kind === "csv" && { good: "true" }) });
  const told = (/** @type {number} */ share) => own === box && busy(share < 1 ? `Sending, ${Math.round(100 * share)} %` : "Writing; all of it or nothing", share);
  const answer = await upload(path, blob, told);
  if (own !== box) return;
  opened().closing.disabled = false;
  idle();
  if (!answer.ok) {
    opened().confirm.disabled = false;
    opened().result.replaceChildren(...(answer.data.bad_lines?.length ? badLines(answer.data.bad_lines, 0) : [problem(answer.data.error)]));
    return;
  }
  if (answer.status === 202) {
    close();
    document.dispatchEvent(new Event("tracera:queued"));
    api.say("The file is still being imported; the header of every page says when it is done.", true);
    return;
  }
  done(answer.data);
}

function close() {
  box?.dialog.close();
}

/** @param {Kind} kind */
function chooser(kind) {
  const input = el("input", { type: "file", id: "portfolio-file", accept: KINDS[kind].accept, multiple: kind === "steam", class: "portfolio-input" });
  const paste = el("textarea", { id: "portfolio-paste", rows: "4", spellcheck: "false", class: "portfolio-input", placeholder: "…" });
  const check = el("button", { type: "button", class: "button", text: "Check what is pasted", hidden: true, click: () => begin(new Blob([paste.value]), true) });
  // Pages of a history one behind the other are a history.
  input.addEventListener("change", () => {
    const files = [...(input.files || [])];
    if (files.length) begin(files.length > 1 ? new Blob(files.flatMap((one) => [one, "\n"])) : files[0]);
  });
  paste.addEventListener("input", () => (check.hidden = !paste.value.trim()));
  return [
    el("div", { class: "portfolio-entry-field" }, el("label", { for: "portfolio-file", text: "File" }), input),
    el("div", { class: "portfolio-entry-field" }, el("label", { for: "portfolio-paste", text: "Or paste its text" }), paste, check),
  ];
}

/** @param {Kind} kind @param {HTMLElement | null} opener what gets the focus back, the menu's button where it is null */
export function openFile(kind, opener) {
  const about = KINDS[kind];
  const before = opener || document.querySelector("[popovertarget='portfolio-files']");
  const example = about.example ? el("details", { class: "behind" }, el("summary", { text: "An example" }), el("pre", { class: "portfolio-example", tabindex: "0", text: about.example })) : null;
  const confirm = el("button", { type: "button", class: `button ${kind === "restore" ? "portfolio-file-danger" : "button-filled"}`, disabled: true, text: kind === "restore" ? "Replace everything" : "Import", click: () => take() });
  const closing = el("button", { type: "button", class: "button", text: "Close", click: () => close() });
  box = { kind, dialog: el("dialog", { class: "portfolio-file-dialog", "aria-labelledby": "portfolio-file-title" }), confirm, closing, blob: null, seen: null, renames: {}, layout: unsaid(), again: false, asked: 0, result: el("div", { class: "portfolio-file-result", "aria-live": "polite" }), progress: el("div", { class: "portfolio-file-progress", role: "status", hidden: true }) };
  const own = opened();
  opened().dialog.append(
    el("h2", { id: "portfolio-file-title", class: "card-title", text: about.title }),
    el("p", { class: "portfolio-note", text: about.words }),
    ...(example ? [example] : []),
    ...chooser(kind),
    opened().result,
    opened().progress,
    el("div", { class: "portfolio-form-foot" }, confirm, closing),
  );
  opened().dialog.addEventListener("cancel", (event) => closing.disabled && event.preventDefault());
  opened().dialog.addEventListener("close", () => {
    own.dialog.remove();
    if (box === own) box = null;
    before?.focus?.();
  });
  document.body.append(opened().dialog);
  opened().dialog.showModal();
}

