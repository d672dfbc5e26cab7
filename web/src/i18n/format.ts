/** Numbers, times and lists as the visitor's language writes them. */
import { locale, t } from "./index.svelte";

const formats = new Map<string, Intl.NumberFormat>();

/** `Intl.NumberFormat` objects are slow to make; one of each kind is kept. */
function format(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = `${locale()} ${JSON.stringify(options)}`;
  let found = formats.get(key);
  if (!found) formats.set(key, (found = new Intl.NumberFormat(locale(), options)));
  return found;
}

/** A whole number, with the language's grouping. */
export const whole = (value: number): string => format({ maximumFractionDigits: 0 }).format(value);

/** A number with this many digits after the point. */
export const fixed = (value: number, digits: number): string =>
  format({ minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);

/** A number as short as it is exact: an option's value. */
export const plain = (value: number): string => format({ maximumSignificantDigits: 12 }).format(value);

/** A share of one in percent, "–" where it is not known. */
export const percent = (share: number, digits = 1): string =>
  Number.isFinite(share) ? format({ style: "percent", minimumFractionDigits: digits, maximumFractionDigits: digits }).format(share) : "–";

/** A probability in percent: one decimal below ten, never a false 100 or 0. */
export function probability(value: number): string {
  if (value > 0 && value < 0.001) return t.ui.lessThan({ value: percent(0.001) });
  if (value < 1 && value >= 0.9995) return t.ui.moreThan({ value: percent(0.999) });
  return percent(value, value < 0.1 || value >= 0.995 ? 1 : 0);
}

/** Bytes in megabytes (10⁶ bytes), from 1000 of them on in gigabytes. */
export function megabytes(bytes: number, digits?: number): string {
  const [value, unit] = bytes < 1e9 ? [bytes / 1e6, "megabyte"] : [bytes / 1e9, "gigabyte"];
  const places = digits ?? (value < 10 ? 1 : 0);
  return format({ style: "unit", unit, minimumFractionDigits: places, maximumFractionDigits: places }).format(value);
}

const unit = (value: number, name: string, digits = 0) =>
  format({ style: "unit", unit: name, unitDisplay: "short", minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);

/** How long a computation took, from milliseconds. */
export const milliseconds = (value: number): string =>
  value < 1000 ? unit(value, "millisecond", value < 10 ? 1 : 0) : unit(value / 1000, "second", 1);

/** A time from seconds, in its two largest units; "–" where it is not known. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "–";
  const rounded = Math.round(seconds);
  if (rounded < 120) return unit(Math.max(rounded, 1), "second");
  const minutes = Math.round(rounded / 60);
  if (minutes < 120) return unit(minutes, "minute");
  return `${unit(Math.floor(minutes / 60), "hour")} ${unit(minutes % 60, "minute")}`;
}

/** A day and a time of day, from milliseconds since 1970. */
export const dateTime = (at: number): string => new Intl.DateTimeFormat(locale(), { dateStyle: "medium", timeStyle: "short" }).format(at);

/** Things in a row: “a, b and c”. */
export const list = (items: readonly string[], type: "conjunction" | "disjunction" = "conjunction"): string =>
  new Intl.ListFormat(locale(), { type }).format(items);

/** Numbers and units that must not be parted by a line break: a space in them becomes one that does not break. */
export const unbroken = (text: string): string => text.replaceAll(" ", "\u00a0");

/** A loss with three significant places, or what it became instead. */
export function loss(value: number): string {
  if (Number.isNaN(value)) return t.ui.notANumber();
  if (!Number.isFinite(value)) return t.ui.infinite();
  if (value >= 1000 || (value !== 0 && Math.abs(value) < 0.001)) return format({ notation: "scientific", minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(value);
  return fixed(value, value < 0.1 ? 4 : 3);
}
