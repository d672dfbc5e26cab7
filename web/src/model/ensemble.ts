/** What averaging several networks is worth, in words made of the measured numbers. */
import type { Evaluation } from "../generated/protocol";
import { fixed } from "../i18n/format";
import { t } from "../i18n/index.svelte";

interface Rates { top1: number; top5: number }

/** Tenths of a percentage point between two errors, each rounded as the table shows it, so that words and table agree. */
function difference(average: number, alone: number) {
  const error = (rate: number) => Math.round(1000 * (1 - rate));
  const tenths = error(average) - error(alone);
  return { points: fixed(Math.abs(tenths) / 10, 1), change: tenths === 0 ? "other" : tenths < 0 ? "lower" : "higher" } as const;
}

function compared(average: Rates, alone: Rates) {
  const [one, five] = [difference(average.top1, alone.top1), difference(average.top5, alone.top5)];
  return { top1: one.points, top1Change: one.change, top5: five.points, top5Change: five.change };
}

/** A sentence for each average; `small` is of all networks but the first, which ships. */
export function ensembleGains(all: Evaluation | null, small: Evaluation | null): string[] {
  const count = all?.models?.length ?? 0;
  const shipped = all?.models?.[0];
  const best = small?.models?.toSorted((one, other) => other.top1 - one.top1)[0];
  return [
    ...(small && best ? [t.model.gainSmall({ count, ...compared(small, best) })] : []),
    ...(all && shipped ? [t.model.gainAll({ count, ...compared(all, shipped) })] : []),
  ];
}
