/* Calls of our own JSON routes, for every script: import * as api.

   call(method, path, body): {ok, status, wait, data}. `body` is sent as JSON, a string, Blob or File as it is. `data` is the
   answer's JSON (null without one), `wait` the seconds of Retry-After or null. Never throws for a network that fails: then
   status is 0 and data.error says so.
   say(message, good): a notice in the corner.
   sure(button, words): whether this click is the second one within four seconds; the first asks with `words`.
   changed(): the portfolio is another than before, see pages/portfolio.py. */
import { setProps } from "./dash.js";

const SURE_MS = 4000;
const SAFE = ["GET", "HEAD"];
const QUEUED = 202; // assets/shell/tasks.js shows what was put into the queue
const SILENT = { error: "The server does not answer. Try again in a moment." };

/** This session's token: from the cookie that Dash uses too, else asked for. */
export async function token() {
  const cookie = document.cookie.split("; ").find((pair) => pair.startsWith("_csrf_token="));
  if (cookie) return decodeURIComponent(cookie.slice("_csrf_token=".length));
  return (await (await fetch("/api/v1/auth/csrf", { cache: "no-store" })).json()).token;
}

/** @param {string} method @param {string} path @param {object | string | null} [body] @returns {Promise<Api.Answer<any>>} */
async function send(method, path, body) {
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json" };
  if (!SAFE.includes(method)) headers["X-CSRF-Token"] = await token();
  const asIs = typeof body === "string" || body instanceof Blob;
  if (body && !asIs) headers["Content-Type"] = "application/json";
  const reply = await fetch(path, { method, headers, cache: "no-store", body: body && !asIs ? JSON.stringify(body) : body || undefined });
  const text = await reply.text();
  if (reply.status === QUEUED) document.dispatchEvent(new Event("tracera:queued"));
  const wait = Number(reply.headers.get("Retry-After")) || null;
  return { ok: reply.ok, status: reply.status, wait, data: text ? JSON.parse(text) : null };
}

/** @template Data
 * @param {string} method
 * @param {string} path
 * @param {object | string | null} [body]
 * @returns {Promise<Api.Answer<Data>>} */
export async function call(method, path, body) {
  try {
    const answer = await send(method, path, body);
    if (!answer.ok && !answer.data?.error) answer.data = { error: "That did not work. Try again." };
    return answer;
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof SyntaxError)) throw error;
    return { ok: false, status: 0, wait: null, data: SILENT };
  }
}

/** @param {string} message @param {boolean} good */
export function say(message, good) {
  const notice = { action: "show", message, color: good ? "indigo" : "red", autoClose: good ? 4000 : 8000, closeButtonProps: { "aria-label": "Dismiss" } };
  setProps("notifications", { sendNotifications: [notice] });
}

/** @param {HTMLElement} button @param {string | null} [asking] */
export function sure(button, asking) {
  if (!asking || button.dataset.asked) return true;
  const words = button.textContent;
  button.dataset.asked = "1";
  button.textContent = asking;
  setTimeout(() => {
    delete button.dataset.asked;
    button.textContent = words;
  }, SURE_MS);
  return false;
}

export const changed = () => setProps("portfolio-version", { data: Date.now() });
