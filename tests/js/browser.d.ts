// What scripts meet in the browser besides its own: Dash's names, our events, and elements taken for HTML's.

interface DashClientside {
  no_update: unknown;
  callback_context: { inputs_list: any[] };
  set_props(id: string | object, props: object): void;
  [namespace: string]: any;
}

interface Window {
  DashRenderer: new () => unknown;
  React: { createElement(...parts: unknown[]): unknown };
  dashAgGridComponentFunctions: Record<string, (props: any) => unknown>;
  dashAgGridFunctions: Record<string, (...values: any[]) => unknown>;
  dashTvlwcFunctions: Record<string, (...values: any[]) => unknown>;
  dash_ag_grid?: { getApi?(id: string): any; getApiAsync?(id: string): Promise<any> };
  dash_clientside: DashClientside;
  dash_component_api: { getLayout(id: string): { props: any } | undefined };
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

interface EventTarget {
  dataset?: DOMStringMap;
  id?: string;
  closest?(selectors: string): HTMLElement | null;
  getAttribute?(name: string): string | null;
  matches?(selectors: string): boolean;
}

interface Event {
  readonly detail?: any;
}

interface Navigator {
  connection?: { saveData: boolean };
}
