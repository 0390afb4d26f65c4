// What the server sends to scripts: messages of the WebSocket (docs/live.md), rows of the JSON routes (docs/api.md), and stores of pages.
// Amounts are integers in minor units; unknown is null. Times are RFC 3339 unless they are said to be in seconds.

declare namespace Api {
  // The WebSocket

  type Request =
    | { action: "subscribe" | "unsubscribe"; item_ids: number[] }
    | { action: "resume"; epoch: string; offset: number; item_ids: number[] }
    | { action: "ping"; position: true };
  interface Price {
    type: "price";
    item_id: number;
    price: number;
    volume: number | null;
    source: string;
    timestamp: string;
    /** Where the server numbers prices. */
    offset?: number;
  }
  /** A price in the page, however it came. */
  interface LivePrice extends Price {
    /** The quote's time, in milliseconds since 1970. */
    at: number;
  }
  interface Volatility {
    type: "volatility";
    item_id: number;
    window: string;
    rolling_stddev: number | null;
    percent_change: number | null;
    trend_score: number | null;
    timestamp: string;
  }
  /** What a price changed of a pair's levels. */
  interface Levels {
    type: "levels";
    item_id: number;
    price: number;
    enigma: number | null;
    events: { kind: "high" | "low" | "start" | "approach"; level: string; price: number }[];
    source: string;
    timestamp: string;
  }
  interface ImportState {
    state: "running" | "done" | "failed";
    message: string;
    done: number;
    total: number | null;
    result: ImportResult | null;
    error: ImportError | null;
  }
  interface ImportStep extends ImportState {
    type: "portfolio";
    event: "import";
    run: string;
  }
  type Message =
    | Price
    | Volatility
    | Levels
    | ImportStep
    | { type: "subscribed" | "auto_subscribe"; item_ids: number[] }
    | { type: "feed"; state: "stale" | "live" }
    | { type: "hello"; epoch: string; offset: number }
    | { type: "resumed"; recovered: boolean; epoch: string | null; offset: number | null }
    | { type: "pong"; time?: number; epoch?: string; offset?: number }
    | { type: "error"; error: string };

  // Answers

  interface Failure {
    error: string;
    /** Why an import failed. */
    reason?: string;
    /** How many holdings it would have removed. */
    gone?: number;
    bad_lines?: BadLine[];
  }
  /** What `call` of assets/ui/api.js gives; `wait` are seconds of Retry-After. */
  type Answer<Data> =
    | { ok: true; status: number; wait: number | null; data: Data }
    | { ok: false; status: number; wait: number | null; data: Failure };
  /** Of a route of the account: what it says, and where it leads. */
  interface Said {
    message: string;
    next?: string;
    key?: string;
    secret?: string | null;
  }
  interface Task {
    id: number;
    title: string;
    state: "waiting" | "running" | "done" | "failed" | "cancelled";
    done: number;
    total: number | null;
    message: string | null;
    created_at: string;
    finished_at: string | null;
    /** Where what it made is: a page, or a file. */
    link: string | null;
    file: string | null;
    retryable: boolean;
  }
  interface Item {
    id: number;
    market_hash_name: string;
    prices?: Quote[];
  }
  interface Quote {
    source: string;
    price: number | null;
    volume?: number | null;
    timestamp?: string;
    time?: string;
  }

  // The page of items

  interface ScreenerRow {
    id: number;
    name: string;
    image: string | null;
    wear: string | null;
    weapon_type: string | null;
    rarity: string | null;
    stattrak: boolean;
    souvenir: boolean;
    price: number | null;
    scale: number;
    currency: string;
    source: string | null;
    simulated: boolean;
    /** Milliseconds since 1970. */
    at: number | null;
    stale_after: number | null;
    listings: number | null;
    volume: number | null;
    turnover: number | null;
    /** The price that the change counts from. */
    base: number | null;
    samples: number;
    percent_change: number | null;
    return_volatility: number | null;
    coefficient_of_variation: number | null;
    max_drawdown: number | null;
    sharpe: number | null;
    trend_slope: number | null;
    trend_r2: number | null;
    trend_score: number | null;
    /** Levels from 0 to 100 over 24 hours. */
    spark: (number | null)[] | null;
  }
  interface ScreenerBlock {
    total: number;
    rows: ScreenerRow[];
  }
  interface WatchEntry {
    item_id: number;
    note: string;
    /** In the item's minor units. */
    target_price: number | null;
    added_at: string;
  }
  interface Watchlist {
    id: number;
    name: string;
    items: WatchEntry[];
  }
  /** A row of a watchlist's grid. */
  interface WatchedRow extends ScreenerRow {
    note: string;
    target_price: number | null;
    added_at: string;
  }
  /** What the page of items is asked for, under a name; `id` 0 where the browser keeps it. */
  interface Screen {
    id: number;
    name: string;
    /** As the address and the JSON route take it. */
    query: Record<string, string | number>;
    columns: string[];
  }
  /** The controls of the page of items. */
  interface ItemsQuery {
    search: string;
    weapon_type: string[];
    wear: string[];
    rarity: string[];
    source: string[];
    kind: string[];
    price_min: number | null;
    price_max: number | null;
    change_min: number | null;
    change_max: number | null;
    volume_min: number | null;
    window: string;
    sort: string;
  }

  // The portfolio's page

  /** What an amount is counted in: `scale` minor units make one. */
  interface Unit {
    scale: number;
    currency: string;
  }
  interface PortfolioDataRow {
    id: number | null;
    name: string;
    source: string | null;
    /** Seconds since 1970, like `until`. */
    at: number | null;
    until: number | null;
    /** The exact rate from the item's minor units to the portfolio's, top and bottom. */
    by: [number, number] | null;
    /** Null where a share link hides it. */
    quantity: number | null;
    current_price: number | null;
    total_value: number | null;
    cost_basis: number | null;
    cost_quantity: number | null;
    unrealized_pnl: number | null;
    net_if_sold: number | null;
    change_24h: number | null;
    share: number | null;
    weapon_type: string | null;
    rarity: string | null;
    image_url: string | null;
    phases: Record<string, number> | null;
    marketable: boolean;
    tradable: boolean;
    steam_quantity: number;
    recorded_quantity: number;
  }
  interface PortfolioData extends Unit {
    /** Seconds. */
    stale_after: number;
    /** Sellers' fees in hundredths of a percent, by source. */
    fees: Record<string, number>;
    realized: number | null;
    rows: PortfolioDataRow[];
    /** Whether a share link shows it, and whether that hides quantities. */
    shared?: boolean;
    hidden?: boolean;
  }
  /** Columns of equal length; times in seconds since 1970, returns as fractions. */
  interface PortfolioHistory extends Unit {
    time: number[];
    value: (number | null)[];
    without_price: number[];
    growth: (number | null)[];
    benchmark: (number | null)[];
    market: (number | null)[];
    moves: { time: number; amount: number }[];
  }
  interface Portfolio {
    id: number;
    name: string;
    currency: string;
    price_source: string;
    cost_method: string;
    includes_steam: boolean;
  }
  /** What the dialogs know: written into the page by components/portfolio/actions.py. */
  interface KnownPortfolio {
    portfolio: Portfolio;
    currencies: string[];
    rates_awaited: boolean;
    sources: string[];
  }
  interface Share {
    id: number;
    hide_quantities: boolean;
    created_at: string;
  }
  interface Holding {
    item_id: number | null;
    market_hash_name: string;
    quantity: number;
    total_value: number | null;
    marketable: boolean;
    tradable_after: string | null;
  }
  interface Held {
    currency: string;
    holdings: Holding[];
  }
  interface ProfileValue extends Held {
    steam_id: string;
    total_value: number | null;
    item_count: number;
    not_marketable: number;
    unpriced: string[];
    hidden: number;
    note: string | null;
  }
  interface Lot {
    market_hash_name: string;
    opened: string;
    timed: boolean;
    quantity: number;
    cost_basis: number | null;
    unrealized_pnl: number | null;
  }
  interface ImportResult {
    imported_assets?: number;
    added?: number;
    removed?: number;
    unpriced?: number;
    not_marketable?: number;
    hidden?: number;
  }
  interface ImportError {
    reason?: string;
    gone?: number;
  }
  interface ImportNews extends Omit<ImportState, "state"> {
    state: ImportState["state"] | null;
    cooldown_seconds: number | null;
    last: (ImportResult & { last_imported_at: string }) | null;
  }

  // Transactions and files

  type TransactionKind = "buy" | "sell" | "drop" | "trade" | "fee";
  interface NewTransaction {
    time: string;
    kind: TransactionKind;
    market_hash_name: string | null;
    quantity: number;
    price: number;
    fee: number;
    currency: string;
    note: string;
  }
  interface Transaction extends NewTransaction {
    id: number;
    item_id: number | null;
    /** False where only the day is known. */
    timed: boolean;
    external_id: string | null;
  }
  interface BadLine {
    /** 0 for what was entered before. */
    line: number;
    message: string;
    /** The line as it may be pasted. */
    text?: string;
  }
  /** The columns of a file: `chosen` is a header by our column. */
  interface Columns {
    headers: string[];
    chosen: Record<string, string>;
    kind: string | null;
    missing: string[];
    program: string | null;
  }
  /** What the reader says of them. */
  interface Layout {
    columns: Record<string, string>;
    kind: string;
    currency: string;
  }
  interface UnknownName {
    name: string;
    lines: number[];
    near: string[];
  }
  interface Names {
    renamed: { from: string; to: string; lines: number[] }[];
    unknown: UnknownName[];
  }
  interface FilePreview {
    transactions: number;
    new: number;
    known: number;
    bad_lines?: BadLine[];
    names?: Names;
  }
  interface CsvPreview extends FilePreview {
    known_lines: number[];
    bad_lines: BadLine[];
    names: Names;
    encoding: string;
    delimiter: string;
    /** New ones that can be taken. */
    good: number;
    header: string;
    columns: Columns;
    first: Transaction[];
    known_first: Transaction[];
  }
  interface SteamPreview extends FilePreview {
    left_out: string[];
  }
  /** An export of ours, as far as it is looked at before it is restored. */
  interface Archive {
    format: string;
    exported_at: string;
    portfolios: Record<string, unknown[] | undefined>[];
    steam_holdings?: unknown[];
    new?: undefined;
    bad_lines?: undefined;
  }
  interface FileTaken {
    added: number;
    known?: number;
    /** Of a CSV of which the good lines were taken. */
    bad_lines?: BadLine[];
    header?: string;
    /** Of a restored export. */
    portfolios: number;
    transactions: number;
  }
  interface Risk {
    total_value: number | null;
    unpriced: number;
    days: number;
    volatility: number | null;
    yearly_volatility: number | null;
    value_at_risk: number | null;
    expected_shortfall: number | null;
    max_drawdown: number | null;
    beta: number | null;
    diversification: number | null;
  }
  interface WhatIf {
    before: Risk;
    after: Risk;
  }
}

// Alerts
declare namespace Alerts {
  interface Condition {
    kind: string;
    item_id?: number | null;
    portfolio_id?: number | null;
    direction: string;
    window?: string | null;
    threshold: number;
    clear: number | null;
    hold_seconds: number;
    cooldown_seconds: number;
    once: boolean;
    no_data: string;
  }
  /** What a rule is on, with its price or value now. */
  interface Target {
    name: string;
    item_id: number | null;
    portfolio_id: number | null;
    currency: string;
    price_scale: number;
    price: number | null;
  }
  interface Rule extends Condition {
    id: number;
    name: string;
    item_id: number | null;
    portfolio_id: number | null;
    currency: string;
    price_scale: number;
    value: number | null;
  }
  interface Portfolio {
    id: number;
    name: string;
    currency: string;
    price_scale: number;
    value: number | null;
  }
}
