/* How figures are written in the browser: the same words as components/live.py writes on the server. */
(() => {
  "use strict";

  const tracera = (window.tracera = window.tracera || {});
  const formats = new Map();

  function numberFormat(scale, currency) {
    const key = `${scale} ${currency}`;
    if (!formats.has(key)) {
      const digits = Math.round(Math.log10(scale));
      const options = { minimumFractionDigits: Math.min(2, digits), maximumFractionDigits: digits };
      // Intl knows three-letter codes alone; USDT and its like are written behind the number.
      const known = /^[A-Z]{3}$/.test(currency);
      const style = known ? { style: "currency", currency } : {};
      formats.set(key, [new Intl.NumberFormat("en-US", { ...options, ...style }), known ? "" : `\u00a0${currency}`]);
    }
    return formats.get(key);
  }

  /** Minor units as money: at least two decimals where the currency has them, and as many as the scale holds. */
  tracera.formatMoney = (minor, scale, currency) => {
    const [format, suffix] = numberFormat(scale, currency);
    return format.format(minor / scale) + suffix;
  };

  /** Seconds as the largest whole unit: "3 s", "4 min", "2 h", "5 d". */
  tracera.formatAge = (seconds) => {
    const whole = Math.max(0, Math.floor(seconds));
    if (whole < 60) return `${whole} s`;
    if (whole < 3600) return `${Math.floor(whole / 60)} min`;
    if (whole < 86400) return `${Math.floor(whole / 3600)} h`;
    return `${Math.floor(whole / 86400)} d`;
  };

  /** The change from base to price with sign and arrow, and the direction as -1, 0 or 1. */
  tracera.formatChange = (price, base) => {
    // Halves away from zero, exactly: tenths of a percent.
    const [from, moved] = [BigInt(base), BigInt(price) - BigInt(base)];
    const tenths = (2000n * (moved < 0n ? -moved : moved) + from) / (2n * from);
    const direction = tenths === 0n ? 0 : moved < 0n ? -1 : 1;
    const arrow = ["\u25bc \u2212", "", "\u25b2 +"][direction + 1];
    return [`${arrow}${tenths / 10n}.${tenths % 10n}\u00a0%`, direction];
  };
})();
