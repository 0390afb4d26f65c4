/* The frame's own callbacks, and what the address bar remembers; see components/shell/shell.py and components/ui/url_state.py. */
import { clientside } from "../ui/dash.js";

let visits = 0;

const scheme = () => document.documentElement.getAttribute("data-mantine-color-scheme") || "light";

const isIn = (pathname, path) =>
  path === "/" ? pathname === "/" : pathname === path || pathname.startsWith(`${path}/`) || (path === "/items" && pathname.startsWith("/item/"));

clientside.shell = {
  markCurrent(pathname, ids) {
    const current = ids.map((id) => isIn(pathname || "/", id.path));
    return [current, current.map((is) => (is ? "page" : null))];
  },

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

function described() {
  const element = document.querySelector("[data-url-defaults]");
  return element && { page: element.dataset.urlPage, defaults: JSON.parse(element.dataset.urlDefaults) };
}

function current(defaults) {
  const query = new URLSearchParams(location.search);
  const read = (name, value) => (typeof value === "number" ? Number(query.get(name)) : query.get(name));
  return Object.fromEntries(
    Object.entries(defaults).map(([name, value]) => [name, query.has(name) ? read(name, value) : value]),
  );
}

clientside.urlState = {
  /** The controls' values into the address: a step that "back" undoes. */
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
      else query.set(name, value);
    }
    const text = query.toString();
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
