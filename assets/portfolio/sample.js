/* The sample portfolio: made from the empty page, removed by its banner; see components/portfolio/states.py. */
import * as api from "../ui/api.js";
import { closest } from "../ui/elements.js";

/** @param {HTMLElement} button @param {string} method @param {string} path @param {(made: Api.Portfolio) => string} next */
async function ask(button, method, path, next) {
  if (button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  /** @type {Api.Answer<Api.Portfolio>} */
  const answer = await api.call(method, path);
  if (answer.ok) {
    window.location.assign(next(answer.data));
    return;
  }
  button.removeAttribute("aria-busy");
  api.say(answer.data.error, false);
}

document.addEventListener("click", (event) => {
  const maker = closest(event, "[data-portfolio-sample]");
  if (maker) ask(maker, "POST", "/api/v1/portfolio/sample", ({ id }) => `/portfolio?portfolio=${id}`);
  const remover = closest(event, "[data-portfolio-sample-remove]");
  if (remover) ask(remover, "DELETE", `/api/v1/portfolios/${remover.dataset.portfolioSampleRemove}`, () => "/portfolio");
});
