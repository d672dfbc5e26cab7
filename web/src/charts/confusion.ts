import { percent } from "../i18n/format";
import { t } from "../i18n/index.svelte";

/** Counts of (true class, predicted class), row by row. */
export interface Confusion {
  labels: readonly string[];
  counts: readonly number[];
}

/** One cell, with the images its true class has. */
export interface Cell {
  actual: number;
  predicted: number;
  count: number;
  total: number;
}

/** The cell of a true and a predicted class. */
export function cell({ labels, counts }: Confusion, actual: number, predicted: number): Cell {
  const n = labels.length;
  let total = 0;
  for (let column = 0; column < n; column++) total += counts[actual * n + column] ?? 0;
  return { actual, predicted, count: counts[actual * n + predicted] ?? 0, total };
}

/** A cell in words. */
export function cellText({ labels }: Confusion, { actual, predicted, count, total }: Cell): string {
  const counted = t.ui.chartImagesOf({ count, total });
  const images = total > 0 ? t.ui.chartShare({ images: counted, share: percent(count / total, 0) }) : counted;
  const [right, guess] = [labels[actual] ?? "", labels[predicted] ?? ""];
  return actual === predicted ? t.ui.chartRecognised({ actual: right, images }) : t.ui.chartMistaken({ actual: right, predicted: guess, images });
}

/** The `most` largest cells off the diagonal, largest share of their class first. */
export function topConfusions(confusion: Confusion, most: number): Cell[] {
  const n = confusion.labels.length;
  const totals = Array.from({ length: n }, (_, row) => cell(confusion, row, 0).total);
  const cells: Cell[] = [];
  for (let actual = 0; actual < n; actual++) {
    for (let predicted = 0; predicted < n; predicted++) {
      const count = confusion.counts[actual * n + predicted] ?? 0;
      if (actual !== predicted && count > 0) cells.push({ actual, predicted, count, total: totals[actual] ?? 0 });
    }
  }
  return cells.sort((a, b) => b.count / b.total - a.count / a.total || b.count - a.count).slice(0, most);
}
