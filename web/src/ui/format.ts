/** Numbers for people. */

const WHOLE = new Intl.NumberFormat("en-GB");

export const whole = (value: number): string => WHOLE.format(value);

/** Bytes in megabytes of 10⁶. */
export function megabytes(bytes: number): string {
  const value = bytes / 1e6;
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} MB`;
}

/** A probability as a percentage: one decimal below ten, never a false 100 or 0. */
export function percent(probability: number): string {
  const value = probability * 100;
  if (value > 0 && value < 0.1) return "< 0.1 %";
  if (value < 100 && value >= 99.95) return "> 99.9 %";
  return `${value < 10 || value >= 99.5 ? value.toFixed(1) : Math.round(value)} %`;
}

/** A duration of a computation. */
export function milliseconds(value: number): string {
  return value < 1000 ? `${value < 10 ? value.toFixed(1) : Math.round(value)} ms` : `${(value / 1000).toFixed(1)} s`;
}

/** How long something will still take. */
export function timeLeft(seconds: number): string {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s left`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min left` : `${Math.floor(minutes / 60)} h ${minutes % 60} min left`;
}
