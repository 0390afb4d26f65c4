/* A click on an item of the treemap opens its page; see pages/market.py. */
(() => {
  "use strict";

  const clientside = (window.dash_clientside = window.dash_clientside || {});

  clientside.market = {
    openItem(click) {
      const [kind, number] = (click?.points?.[0]?.id || "").split(":");
      if (kind === "item") clientside.set_props("_pages_location", { pathname: `/item/${number}`, search: "", hash: "" });
      return clientside.no_update;
    },
  };
})();
