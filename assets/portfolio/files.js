/* Files of the portfolio: CSV, Steam's market history and our own export, looked at first, taken in after a second click:
   openFile("csv" | "steam" | "restore"). */
import * as api from "../ui/api.js";
import { el } from "../ui/elements.js";
import { formatCounted, money } from "../ui/format.js";
import { route } from "./entries.js";
import { unitOf } from "./fields.js";
import { moment } from "./figures.js";
import { counts, known, names } from "./preview.js";

const LARGEST = 16 * 1024 * 1024; // what the server takes
const SHOWN = 10;
const SEPARATORS = { ",": "comma", ";": "semicolon", "\t": "tab", "|": "bar" };
const KINDS = {
  csv: {
    title: "Import a CSV file",
    words: "One transaction a line, with a header: date, type, price, and any of item, quantity, fee, currency, note, reference. It is checked first; nothing is kept before you confirm.",
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
/** @type {any} */
let box = null; // what is open

/** POST a file with its progress: {ok, status, data}, as of api.call. */
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

function busy(words, share = null) {
  const bar = el("progress", { "aria-label": words, max: "1" });
  if (share !== null && share < 1) bar.value = share;
  box.progress.replaceChildren(el("span", { text: words }), bar);
  box.progress.hidden = false;
  box.confirm.disabled = true;
}

const idle = () => (box.progress.hidden = true);

function table(heads, rows, label) {
  const grid = el("table", { class: "plain-table" }, el("thead", {}, el("tr", {}, heads.map((text) => el("th", { scope: "col", text })))), el("tbody", {}, rows));
  return el("div", { class: "plain-frame", tabindex: "0", role: "region", "aria-label": label }, grid);
}

const problem = (text) => el("p", { class: "alert", role: "alert", text });

/** What is wrong, line by line. */
function badLines(found) {
  const bad = found.bad_lines;
  const rows = bad.map((one) => el("tr", {}, el("th", { scope: "row", text: one.line ? one.line : "entered before" }), el("td", { text: one.message })));
  const words = `${formatCounted(bad.length, "line cannot", "lines cannot")} be imported, so nothing is. Correct them and choose the file again.`;
  return [problem(words), table(["Line", "What is wrong"], rows, "Bad lines")];
}

function firstRows(rows) {
  const line = (row) =>
    el("tr", {}, el("th", { scope: "row" }, moment(row)),
      el("td", { text: row.kind }), el("td", { text: row.market_hash_name || "" }), el("td", { text: row.quantity || "" }),
      el("td", { class: "portfolio-file-price", text: money(row.price, unitOf(row.currency)) }));
  return table(["Date", "Type", "Item", "Quantity", "Price"], rows.slice(0, SHOWN).map(line), "The first new transactions");
}

const RESULT = {
  csv(found) {
    const told = `${formatCounted(found.transactions, "transaction", "transactions")}, ${found.encoding}, separated by ${SEPARATORS[found.delimiter] || found.delimiter}.`;
    const parts = [el("p", { text: told }), counts(found)];
    if (found.bad_lines.length) parts.push(...badLines(found));
    parts.push(...names(found.names, accept), ...known(found, box.again, repeat));
    if (found.bad_lines.length) return { parts, ready: 0 };
    if (found.first.length) parts.push(firstRows(found.first));
    if (found.new > SHOWN) parts.push(el("p", { class: "muted", text: `The first ${SHOWN} are shown.` }));
    return { parts, ready: found.new };
  },
  steam(found) {
    const parts = [el("p", { text: `${formatCounted(found.transactions, "purchase or sale", "purchases and sales")} found.` }), counts(found)];
    if (found.left_out.length) {
      parts.push(el("p", { class: "muted", text: `${formatCounted(found.left_out.length, "entry is", "entries are")} left out:` }));
      parts.push(table(["Entry"], found.left_out.map((text) => el("tr", {}, el("th", { scope: "row", text }))), "Left out"));
    }
    return { parts, ready: found.new };
  },
  restore(found) {
    const sum = (name) => found.portfolios.reduce((all, one) => all + (one[name] || []).length, 0);
    const told = [formatCounted(found.portfolios.length, "portfolio", "portfolios"), formatCounted(sum("transactions"), "transaction", "transactions"), formatCounted(sum("snapshots"), "valuation", "valuations"), formatCounted((found.steam_holdings || []).length, "imported item", "imported items")];
    const when = new Date(found.exported_at);
    const at = Number.isNaN(when.getTime()) ? "" : ` Exported ${when.toLocaleString()}.`;
    return { parts: [el("p", { text: `${told.join(", ")}.${at}` })], ready: 1 };
  },
};

/** A near name was accepted: the file is looked at anew with it. */
function accept(name, own) {
  box.renames[name] = own;
  look(box.seen);
}

function repeat(again) {
  box.again = again;
  look(box.seen);
}

/** What the reader decided about the file. */
function decided() {
  if (box.kind !== "csv") return {};
  const renames = Object.keys(box.renames).length ? { renames: JSON.stringify(box.renames) } : {};
  return { ...renames, ...(box.again && { again: true }) };
}

/** Another file: nothing is decided about it yet. */
function begin(blob) {
  Object.assign(box, { renames: {}, again: false });
  look(blob);
}

/** An export is looked at here: the server knows but all or nothing. */
async function readExport(blob) {
  try {
    const found = JSON.parse(await blob.text());
    if (found?.format === "tracera-portfolio" && Array.isArray(found.portfolios)) return { ok: true, data: found };
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  return { ok: false, data: { error: "This is no export of Tracera: a JSON file whose format is tracera-portfolio." } };
}

async function look(blob) {
  const { kind } = box;
  Object.assign(box, { blob: null, seen: blob });
  box.confirm.disabled = true;
  if (!blob.size || blob.size > LARGEST) {
    const words = blob.size ? "The file is larger than 16 MB; import it in parts." : "The file is empty.";
    box.result.replaceChildren(problem(words));
    return;
  }
  const mine = (box.asked += 1);
  const own = box;
  const current = () => own === box && mine === own.asked;
  busy("Sending", 0);
  const path = route(KINDS[kind].path, { preview: true, ...decided() });
  const told = (share) => current() && busy(share < 1 ? `Sending, ${Math.round(100 * share)} %` : "Checking every line", share);
  const answer = kind === "restore" ? await readExport(blob) : await upload(path, blob, told);
  if (!current()) return;
  idle();
  if (!answer.ok) {
    box.result.replaceChildren(problem(answer.data.error));
    return;
  }
  const { parts, ready } = RESULT[kind](answer.data);
  box.result.replaceChildren(...parts);
  box.blob = ready ? blob : null;
  box.confirm.disabled = !ready;
  box.confirm.textContent = kind === "restore" ? "Replace everything" : ready ? `Import ${formatCounted(ready, "transaction", "transactions")}` : "Import";
  box.confirm.title = answer.data.new === 0 && !answer.data.bad_lines?.length ? "Nothing of it is new" : "";
  if (ready) box.confirm.focus();
}

function done(answer) {
  const { kind } = box;
  close();
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

async function take() {
  if (!box.blob || !api.sure(box.confirm, box.kind === "restore" ? "Really replace everything?" : null)) return;
  const own = box;
  busy("Sending", 0);
  box.closing.disabled = true;
  const path = own.kind === "restore" ? "/api/v1/portfolio/restore" : route(KINDS[own.kind].path, decided());
  const told = (share) => own === box && busy(share < 1 ? `Sending, ${Math.round(100 * share)} %` : "Writing; all of it or nothing", share);
  const answer = await upload(path, own.blob, told);
  if (own !== box) return;
  box.closing.disabled = false;
  idle();
  if (!answer.ok) {
    box.confirm.disabled = false;
    box.result.replaceChildren(...(answer.data.bad_lines?.length ? badLines(answer.data) : [problem(answer.data.error)]));
    return;
  }
  done(answer.data);
}

function close() {
  box?.dialog.close();
}

function chooser(kind) {
  const input = el("input", { type: "file", id: "portfolio-file", accept: KINDS[kind].accept, multiple: kind === "steam", class: "portfolio-input" });
  const paste = el("textarea", { id: "portfolio-paste", rows: "4", spellcheck: "false", class: "portfolio-input", placeholder: "…" });
  const check = el("button", { type: "button", class: "button", text: "Check what is pasted", hidden: true, click: () => begin(new Blob([paste.value])) });
  // Pages of a history one behind the other are a history.
  const chosen = () => (input.files.length > 1 ? new Blob([...input.files].flatMap((one) => [one, "\n"])) : input.files[0]);
  input.addEventListener("change", () => input.files.length && begin(chosen()));
  paste.addEventListener("input", () => (check.hidden = !paste.value.trim()));
  return [
    el("div", { class: "portfolio-entry-field" }, el("label", { for: "portfolio-file", text: "File" }), input),
    el("div", { class: "portfolio-entry-field" }, el("label", { for: "portfolio-paste", text: "Or paste its text" }), paste, check),
  ];
}

export function openFile(kind) {
  const about = KINDS[kind];
  const before = document.querySelector("#portfolio-transactions .menu > summary");
  const example = about.example ? el("details", { class: "behind" }, el("summary", { text: "An example" }), el("pre", { class: "portfolio-example", tabindex: "0", text: about.example })) : null;
  const confirm = el("button", { type: "button", class: `button ${kind === "restore" ? "portfolio-file-danger" : "button-filled"}`, disabled: true, text: kind === "restore" ? "Replace everything" : "Import", click: () => take() });
  const closing = el("button", { type: "button", class: "button", text: "Close", click: () => close() });
  box = { kind, dialog: null, confirm, closing, blob: null, seen: null, renames: {}, again: false, asked: 0, result: el("div", { class: "portfolio-file-result", "aria-live": "polite" }), progress: el("div", { class: "portfolio-file-progress", role: "status", hidden: true }) };
  const own = box;
  box.dialog = el(
    "dialog",
    { class: "portfolio-file-dialog", "aria-labelledby": "portfolio-file-title" },
    el("h2", { id: "portfolio-file-title", class: "card-title", text: about.title }),
    el("p", { class: "portfolio-note", text: about.words }),
    example,
    ...chooser(kind),
    box.result,
    box.progress,
    el("div", { class: "portfolio-form-foot" }, confirm, closing),
  );
  box.dialog.addEventListener("cancel", (event) => closing.disabled && event.preventDefault());
  box.dialog.addEventListener("close", () => {
    own.dialog.remove();
    if (box === own) box = null;
    before?.focus?.();
  });
  document.body.append(box.dialog);
  box.dialog.showModal();
}

