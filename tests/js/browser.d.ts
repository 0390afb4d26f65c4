// What scripts meet in the browser besides its own: Dash's names, AG Grid's, our events, and elements taken for HTML's.

/** A component's id in Dash: a name, or an object that is matched by its parts. */
type DashId = string | Record<string, string>;

interface DashClientside {
  no_update: unknown;
  callback_context: { inputs_list: { id: Record<string, string> }[][] };
  set_props(id: DashId, props: Record<string, unknown>): void;
  /** Functions that callbacks of the server name. */
  [namespace: string]: unknown;
}

/** A column of AG Grid as it stands; what is left out stays as it is. */
interface ColumnState {
  colId: string;
  hide?: boolean | null;
  sort?: "asc" | "desc" | null;
  width?: number;
  flex?: number | null;
  pinned?: null;
}

/** A column of a table for spreadsheets; see components/items/shown.py. */
interface ShownPart {
  head: string;
  field: keyof Api.ScreenerRow;
  kind: "plain" | "money" | "share" | "time";
}

interface GridEvents {
  modelUpdated: object;
  sortChanged: object;
  columnMoved: { finished: boolean; source: string };
  columnResized: { finished: boolean; source: string };
  cellKeyDown: { event: KeyboardEvent; data?: Api.ScreenerRow };
  rowClicked: { data?: Api.ScreenerRow; event: MouseEvent };
  bodyScrollEnd: object;
  cellFocused: object;
}

/** The part of AG Grid's API that the page of items uses. */
interface GridApi {
  isDestroyed(): boolean;
  getColumnState(): ColumnState[];
  getColumnDef(name: string): { context?: ShownPart[] } | null;
  applyColumnState(wanted: { state: ColumnState[]; defaultState?: Partial<ColumnState>; applyOrder?: boolean }): void;
  resetColumnState(): void;
  setColumnsVisible(names: string[], visible: boolean): void;
  setGridOption(name: "rowHeight" | "headerHeight", value: number): void;
  refreshCells(options: { force: boolean }): void;
  refreshInfiniteCache(): void;
  getDisplayedRowCount(): number;
  getDisplayedRowAtIndex(at: number): { data?: Api.ScreenerRow } | undefined;
  getFirstDisplayedRowIndex(): number;
  getGridOption(name: "rowModelType"): string;
  isLastRowIndexKnown(): boolean | null;
  getFocusedCell(): { rowIndex: number } | null;
  setFocusedCell(row: number, column: string): void;
  ensureIndexVisible(at: number, where?: "top"): void;
  forEachNode(visit: (node: { data?: Api.ScreenerRow; rowIndex: number | null }) => void): void;
  addEventListener<Name extends keyof GridEvents>(name: Name, listener: (event: GridEvents[Name]) => unknown): void;
  removeEventListener<Name extends keyof GridEvents>(name: Name, listener: (event: GridEvents[Name]) => unknown): void;
}

/** What AG Grid asks for when rows come into sight. */
interface GridRequest {
  startRow: number;
  endRow: number;
  sortModel?: { colId: string; sort: "asc" | "desc" }[];
}

/** What a cell of AG Grid is given; a row that is on its way has no data. */
interface CellProps {
  data?: Api.ScreenerRow & Partial<Api.WatchedRow>;
  colDef: { field: string };
}

interface GridTheme {
  withParams(values: Record<string, string | number | boolean | { color: string }>): GridTheme;
}

/** A figure as Plotly takes it. */
interface Plot {
  data: object[];
  layout: object;
}

interface Window {
  Plotly: { react(element: Element, data: object[], layout: object, config: object): Promise<unknown>; Plots: { resize(element: Element): unknown } };
  DashRenderer: new () => unknown;
  React: { createElement(...parts: unknown[]): unknown };
  dashAgGridComponentFunctions: Record<string, (props: CellProps) => unknown>;
  dashAgGridFunctions: Record<string, (...values: any[]) => unknown>;
  dashMantineFunctions?: Record<string, (...values: any[]) => unknown>;
  dashTvlwcFunctions: Record<string, (...values: any[]) => unknown>;
  dash_ag_grid?: { getApi?(id: string): GridApi | null; getApiAsync?(id: string): Promise<GridApi> };
  dash_clientside: DashClientside;
  dash_component_api: { getLayout(id: string): { props: { n_intervals?: number; [name: string]: any } } | undefined };
}

interface ParentNode {
  querySelector<Tag extends keyof HTMLElementTagNameMap>(selectors: Tag): HTMLElementTagNameMap[Tag] | null;
  querySelector(selectors: string): HTMLElement | null;
  querySelectorAll<Tag extends keyof HTMLElementTagNameMap>(selectors: Tag): NodeListOf<HTMLElementTagNameMap[Tag]>;
  querySelectorAll(selectors: string): NodeListOf<HTMLElement>;
}

interface Element {
  dataset: DOMStringMap;
  hidden: boolean | string;
  title: string;
  closest(selectors: string): HTMLElement | null;
  focus(options?: FocusOptions): void;
}

/** Our own events; the module that fires one says when. */
interface DocumentEventMap {
  "tracera:watchlists": CustomEvent<Api.Watchlist[]>;
  "tracera:alert": CustomEvent<DOMStringMap>;
  "tracera:wanted": CustomEvent<number[]>;
  "tracera:price": CustomEvent<Api.LivePrice>;
  "tracera:volatility": CustomEvent<Api.Volatility>;
  "tracera:portfolio": CustomEvent<Api.ImportStep>;
  "tracera:levels": CustomEvent<Api.Levels>;
  "tracera:chart-chosen": CustomEvent<"indicators" | "levels" | "both">;
  "tracera:live": CustomEvent<{ state: LiveState; lastMessage: number | null; serverTime: number; damaged: number }>;
  "tracera:markup": CustomEvent<HTMLElement>;
  "tracera:portfolio-data": CustomEvent<Api.PortfolioData>;
  "tracera:portfolio-history": CustomEvent<Api.PortfolioHistory | null>;
  "tracera:portfolio-adopted": CustomEvent<undefined>;
  "tracera:portfolio-filled": CustomEvent<undefined>;
  "tracera:portfolio-moved": CustomEvent<PortfolioRow[]>;
}

type LiveState = "live" | "stale" | "reconnecting" | "polling" | "offline";

/** A row of the portfolio on the screen: as it was sent, and what live prices make of it. */
interface PortfolioRow extends Api.PortfolioDataRow {
  /** Its value a day ago. */
  before: number | null;
  /** The change since then, as a fraction. */
  fraction: number | null;
}

/** Attributes of an element made by a script: of HTML, or listeners by the names of their events. */
type Listeners = { [Name in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[Name]) => unknown };
interface Attributes extends Listeners {
  [name: string]: string | number | boolean | null | undefined | ((event: any) => unknown);
}
type Child = Node | string | null | undefined;

interface Navigator {
  connection?: { saveData: boolean };
}

/** A service worker's own scope, which is none of the DOM's. */
interface WorkerScope {
  addEventListener(name: "install" | "activate", listener: (event: WorkerStep) => void): void;
  addEventListener(name: "fetch", listener: (event: WorkerRequest) => void): void;
  skipWaiting(): Promise<void>;
  clients: { claim(): Promise<void> };
  registration: ServiceWorkerRegistration;
}
interface WorkerStep extends Event {
  waitUntil(done: Promise<unknown>): void;
}
interface WorkerRequest extends Event {
  request: Request;
  preloadResponse: Promise<Response | undefined>;
  respondWith(answer: Promise<Response>): void;
}
