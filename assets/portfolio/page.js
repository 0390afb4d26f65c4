/* The portfolio page: its slots, its tab in the address, and buttons that open a tab. See pages/portfolio.py. */
import { clientside, setProps } from "../ui/dash.js";
import { closest } from "../ui/elements.js";
import { visit } from "../ui/navigation.js";

/** @param {keyof DocumentEventMap} name @param {unknown} [detail] */
const fire = (name, detail) => document.dispatchEvent(new CustomEvent(name, { detail }));

clientside.portfolioPage = {
  /** Text from the server (escaped there, see components/ui/markup.py) into the slots of its name.
   * @param {Record<string, string> | null} slots */
  fill(slots) {
    for (const [name, text] of Object.entries(slots || {})) {
      for (const slot of document.querySelectorAll(`[data-portfolio-slot="${name}"]`)) slot.innerHTML = text;
    }
    fire("tracera:portfolio-filled");
    return clientside.no_update;
  },

  /** @param {Api.PortfolioData | null} data */
  adopt(data) {
    if (data) fire("tracera:portfolio-data", data);
    return clientside.no_update;
  },

  /** @param {Api.PortfolioHistory | null} data */
  history(data) {
    fire("tracera:portfolio-history", data ?? null);
    return clientside.no_update;
  },

  /** Another portfolio, as a link would lead to it.
   * @param {string | null} id */
  go(id) {
    const query = new URLSearchParams(location.search);
    if (!id || query.get("portfolio") === id) return clientside.no_update;
    visit(`/portfolio?portfolio=${id}`);
    return clientside.no_update;
  },

  /** The open tab into the address: a step that "back" undoes.
   * @param {string} tab */
  remember(tab) {
    const query = new URLSearchParams(location.search);
    if (location.pathname !== "/portfolio" || (query.get("tab") || "holdings") === tab) return clientside.no_update;
    if (tab === "holdings") query.delete("tab");
    else query.set("tab", tab);
    const text = query.toString();
    history.pushState(null, "", location.pathname + (text ? `?${text}` : ""));
    return clientside.no_update;
  },
};

document.addEventListener("click", (event) => {
  const opener = closest(event, "[data-portfolio-open]");
  if (opener) setProps("portfolio-tab", { value: opener.dataset.portfolioOpen });
});
