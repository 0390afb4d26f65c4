/* The portfolio that is on the screen, moved by live prices: tracera.portfolio.

   It is adopted from `tracera:portfolio-data` (see for_browser in components/portfolio_read.py), which a poll of the server
   renews once a minute. Fires `tracera:portfolio-adopted`, and `tracera:portfolio-moved` (detail: the rows that changed).
   Amounts are integers; values are converted and rounded as app/analytics/portfolio/money.py does it. */
(() => {
  "use strict";

  const tracera = (window.tracera = window.tracera || {});
  const state = (tracera.portfolio = { data: null, rows: [], totals: null, worth, receives });
  const latest = new Map(); // item -> source -> newest message
  let byItem = new Map();
  let moved = new Set();
  let frame = 0;

  const fire = (name, detail) => document.dispatchEvent(new CustomEvent(name, { detail }));

  /** Units of an item at a price of its own minor units, in the portfolio's, rounded half to even. */
  function worth(price, quantity, by) {
    if (by === null || price === null || quantity === null) return null;
    const [top, bottom] = by.map(BigInt);
    const whole = BigInt(price) * BigInt(quantity) * top;
    const [result, rest] = [whole / bottom, whole % bottom];
    const up = 2n * rest > bottom || (2n * rest === bottom && result % 2n === 1n);
    return Number(result + (up ? 1n : 0n));
  }

  /** What a seller gets of a price, as app/analytics/portfolio/fees.py has it; null where the fee is not known. */
  function receives(source, price, fees) {
    if (source === "steam") {
      if (price < 3) return null;
      let seller = Math.floor((price * 100) / 115) + 2;
      while (seller + Math.max(1, Math.floor(seller / 20)) + Math.max(1, Math.floor(seller / 10)) > price) seller -= 1;
      return seller;
    }
    return source in fees ? price - Math.ceil((price * fees[source]) / 10_000) : null;
  }

  const difference = (after, before) => (after === null || before === null ? null : after - before);

  /** A row as the server sent it, and what stood in it a day ago. */
  function rowOf(sent) {
    const row = { ...sent };
    row.before = difference(row.total_value, row.change_24h);
    row.fraction = row.before ? row.change_24h / row.before : null;
    return row;
  }

  function move(row, message) {
    const at = Date.parse(message.timestamp) / 1000;
    if (row.source !== message.source || row.current_price === null || !(at >= row.at)) return false;
    row.at = at;
    row.current_price = worth(message.price, 1, row.by);
    if (row.quantity === null) return true; // a share link that hides quantities
    row.total_value = worth(message.price, row.quantity, row.by);
    if (row.cost_quantity) row.unrealized_pnl = difference(worth(message.price, row.cost_quantity, row.by), row.cost_basis);
    row.change_24h = difference(row.total_value, row.before);
    row.fraction = row.before ? row.change_24h / row.before : null;
    const left = receives(row.source, message.price, state.data.fees);
    row.net_if_sold = left === null ? null : worth(left, row.quantity, row.by);
    return true;
  }

  /** Sums of the rows, as `_totals` of app/portfolio/overview.py. */
  function sum() {
    const add = (name, rows) => (rows.length ? rows.reduce((all, row) => all + row[name], 0) : null);
    const known = (name) => state.rows.filter((row) => row[name] !== null && row[name] !== undefined);
    const changes = known("change_24h");
    const start = changes.reduce((all, row) => all + row.total_value - row.change_24h, 0);
    const change = add("change_24h", changes);
    const unrealized = add("unrealized_pnl", known("unrealized_pnl"));
    const realized = state.data.realized;
    return {
      total_value: add("total_value", known("total_value")),
      change_24h: change,
      percent_change_24h: change === null || !start ? null : change / start,
      unrealized_pnl: unrealized,
      profit: unrealized === null && realized === null ? null : (unrealized || 0) + (realized || 0),
      net_if_sold: add("net_if_sold", known("net_if_sold")),
    };
  }

  const WRITE = {
    total_value: (value, words) => words.money(value, state.data),
    change_24h: (value, words) => words.gain(value, state.data, "no prices from 24 hours ago to compare with"),
    percent_change_24h: (value, words) => words.change(value, "no prices from 24 hours ago to compare with", 2),
    unrealized_pnl: (value, words) => words.gain(value, state.data, "nothing held has a recorded cost"),
    profit: (value, words) => words.gain(value, state.data, "no purchase of what is held is recorded"),
  };

  /** The totals into their places; the server's own words stay where a total is unknown. */
  function write() {
    for (const place of document.querySelectorAll("[data-portfolio-figure]")) {
      const name = place.dataset.portfolioFigure;
      const value = state.totals?.[name] ?? null;
      if (value === null || !WRITE[name]) continue;
      const text = WRITE[name](value, tracera.portfolioWords);
      if (place.textContent !== (text.textContent ?? text)) place.replaceChildren(text);
    }
  }

  /** Many prices come at once: they are shown together, with the next frame. */
  function show() {
    frame = 0;
    const rows = [...moved];
    moved = new Set();
    if (!state.data || !rows.length) return;
    state.totals = sum();
    write();
    fire("tracera:portfolio-moved", rows);
  }

  function take(message) {
    for (const row of byItem.get(message.item_id) || []) if (move(row, message)) moved.add(row);
    if (moved.size && !frame) frame = requestAnimationFrame(show);
  }

  document.addEventListener("tracera:portfolio-data", ({ detail }) => {
    state.data = detail;
    state.rows = detail.rows.map(rowOf);
    moved = new Set();
    byItem = new Map();
    for (const row of state.rows) if (row.id !== null) byItem.set(row.id, [...(byItem.get(row.id) || []), row]);
    for (const item of latest.keys()) if (!byItem.has(item)) latest.delete(item);
    for (const messages of latest.values()) for (const message of messages.values()) for (const row of byItem.get(message.item_id)) move(row, message);
    state.totals = sum();
    subscribe();
    write();
    fire("tracera:portfolio-adopted");
  });

  /** All items, the dearest first, whether their rows are drawn or not: assets/live/cells.js asks for what it finds. */
  function subscribe() {
    const place = document.getElementById("portfolio-live");
    if (!place) return;
    const { el } = tracera.portfolioWords;
    place.replaceChildren(...[...byItem.keys()].map((item) => el("i", { "data-live-item": item, "data-live-field": "none" })));
  }

  document.addEventListener("tracera:portfolio-filled", () => state.data && write());
  document.addEventListener("tracera:price", ({ detail }) => {
    if (!byItem.has(detail.item_id)) return;
    const sources = latest.get(detail.item_id) || new Map();
    const known = sources.get(detail.source);
    if (known && Date.parse(known.timestamp) > Date.parse(detail.timestamp)) return;
    latest.set(detail.item_id, sources.set(detail.source, detail));
    take(detail);
  });
})();
