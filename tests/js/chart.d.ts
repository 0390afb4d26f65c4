// What the price chart works on: the page's store (components/item/price_chart.py, components/candles/chart.py), answers about
// what is drawn over it, and the part of the chart library that it uses. Prices are in minor units, times in seconds since 1970.

declare namespace Chart {
  type Value = number | null;

  /** Bars, oldest first; one without prices stands where none is known. */
  interface Columns {
    time: number[];
    open: Value[];
    high: Value[];
    low: Value[];
    close: Value[];
    volume: Value[];
  }
  interface Band {
    upper: Value[];
    middle: Value[];
    lower: Value[];
  }
  interface Data extends Columns, Partial<Band> {
    item: number;
    name: string;
    source: string;
    simulated: boolean;
    window: string;
    /** The length of a bar. */
    seconds: number;
    kind: "candlestick" | "line";
    scale: number;
    currency: string;
    rolling: boolean;
    /** Whether these are an exchange's candles. */
    exchange?: boolean;
    /** When it was read. */
    read: number;
    /** The time of the newest price that was taken. */
    heard?: number;
    /** Closes that lead up to the first bar. */
    before?: number[];
    /** Places of bars whose close is an outlier. */
    outliers: number[];
    /** Times without a quote, in seconds, of an item. */
    gaps?: Gap[];
  }
  interface Gap {
    since: number;
    until: number | null;
    cause: string;
  }
  interface Range {
    from: number;
    to: number;
  }

  // Answers

  interface Candles {
    data: number[][];
    volume_scale: number;
  }
  /** Times in milliseconds. */
  interface Indicators {
    time: number[];
    indicators: Record<string, Record<string, Value[]>>;
  }
  interface Prices {
    high: Value;
    low: Value;
    open: Value;
    mid: Value;
  }
  interface Levels {
    periods: Record<string, Prices & { previous: Prices | null }>;
    all_time: { ath: number; atl: number; fib_levels: Record<string, number> } | null;
  }

  // The library

  interface Point {
    time: number;
    value?: number;
    color?: string;
  }
  interface Bar extends Point {
    open?: Value;
    high?: Value;
    low?: Value;
    close?: Value;
  }
  interface Line {
    price: number;
    title: string;
    color: string;
    lineWidth: number;
    lineStyle: number;
    axisLabelVisible: boolean;
  }
  interface Series {
    id: string;
    type: "area" | "line" | "histogram" | "candlestick";
    pane?: number;
    data: Bar[];
    options: object;
    priceScaleOptions?: object;
    priceLines?: Line[];
    markers?: object[];
  }
  /** The newest bar of a series. */
  interface Tick {
    id: string;
    bar: Bar;
  }
}
