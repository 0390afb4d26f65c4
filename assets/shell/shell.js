/* The frame's own callbacks, and what the address bar remembers; see components/shell/shell.py and components/ui/url_state.py. */
import { clientside } from "../ui/dash.js";
import { closest } from "../ui/elements.js";
import { go } from "../ui/navigation.js";

let visits = 0;

const scheme = () => document.documentElement.getAttribute("data-mantine-color-scheme") || "light";

/** @param {string} pathname @param {string} path */
const isIn = (pathname, path) => (path === "/" ? pathname === "/" : pathname === path || pathname.startsWith(`${path}/`));
/** The page that an item is found on; `kind` is that of its chart.
 * @param {string} pathname @param {string} path @param {string | null} kind */
const isHome = (pathname, path, kind) => pathname.startsWith("/item/") && path === (kind === "pair" ? "/crypto" : "/items");

clientside.shell = {
  /** @param {string | null} pathname @param {string | null} kind @param {{path: string}[]} ids */
  markCurrent(pathname, kind, ids) {
    const current = ids.map(({ path }) => isIn(pathname || "/", path) || isHome(pathname || "/", path, kind));
    return [current, current.map((is) => (is ? "page" : null))];
  },

  /** @param {boolean} opened @param {object} navbar */
  toggleMenu(opened, navbar) {
    return { ...navbar, collapsed: { mobile: !opened } };
  },

  /** A new page: the menu closes, and the keyboard goes on from its beginning. */
  arrive() {
    visits += 1;
    if (visits > 1) document.getElementById("content")?.focus({ preventScroll: true });
    return [false, scheme()];
  },
};

// Charts are drawn on the server, in the colours that are shown: see SCHEME in components/shell/shell.py.
new MutationObserver(() => clientside.set_props("scheme", { data: scheme() })).observe(document.documentElement, {
  attributeFilter: ["data-mantine-color-scheme"],
});

// A page's settings in its address. An element with data-url-defaults='{"window": "24h"}' and data-url-page names them;
// the control of each has the Dash id {url: name, page: page}.

/** @returns {{page: string, defaults: Record<string, string | number>} | null} */
function described() {
  const element = document.querySelector("[data-url-defaults]");
  return element && { page: String(element.dataset.urlPage), defaults: JSON.parse(String(element.dataset.urlDefaults)) };
}

/** @param {Record<string, string | number>} defaults @returns {Record<string, string | number | null>} */
function current(defaults) {
  const query = new URLSearchParams(location.search);
  const read = (/** @type {string} */ name, /** @type {string | number} */ value) => (typeof value === "number" ? Number(query.get(name)) : query.get(name));
  return Object.fromEntries(
    Object.entries(defaults).map(([name, value]) => [name, query.has(name) ? read(name, value) : value]),
  );
}

clientside.urlState = {
  /** The controls' values into the address: a step that "back" undoes.
   * @param {unknown[]} values */
  push(...values) {
    const found = described();
    const inputs = clientside.callback_context.inputs_list.flat();
    if (!found || inputs.some(({ id }) => id.page !== found.page)) return clientside.no_update;
    const now = current(found.defaults);
    const wanted = Object.fromEntries(inputs.map(({ id }, at) => [id.url, values[at]]));
    if (Object.entries(wanted).every(([name, value]) => String(now[name]) === String(value))) return clientside.no_update;
    const query = new URLSearchParams(location.search);
    for (const [name, value] of Object.entries(wanted)) {
      if (String(value) === String(found.defaults[name])) query.delete(name);
      else query.set(name, String(value));
    }
    const text = query.toString().replaceAll("%2C", ",");
    history.pushState(null, "", location.pathname + (text ? `?${text}` : ""));
    return clientside.no_update;
  },
};

window.addEventListener("popstate", () => {
  // After Dash's own listener, which changes the page where the path changed.
  setTimeout(() => {
    const found = described();
    if (!found) return;
    for (const [name, value] of Object.entries(current(found.defaults))) {
      clientside.set_props({ page: found.page, url: name }, { value });
    }
  });
});

// Who signs in comes back to the page that it was asked on.

const SIGN_IN = "/sign-in";
const signIn = () => (location.pathname === SIGN_IN ? SIGN_IN + location.search : `${SIGN_IN}?next=${encodeURIComponent(location.pathname + location.search)}`);

for (const type of ["pointerdown", "focusin"]) {
  document.addEventListener(type, (event) => closest(event, ".account-corner a.account-open")?.setAttribute("href", signIn()));
}
document.addEventListener(
  "click",
  (event) => {
    const link = closest(event, ".account-corner a.account-open");
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation(); // dcc.Link knows its own address alone
    go(signIn());
  },
  { capture: true },
);
