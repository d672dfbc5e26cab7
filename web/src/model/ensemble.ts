/** What averaging several networks is worth, in words made of the measured numbers. */
import { percent } from "../charts/format";
import type { Evaluation } from "../generated/protocol";

interface Rates { top1: number; top5: number }

/** An error in percent as the table shows it, so that words and table agree. */
const error = (rate: number): number => Number.parseFloat(percent(1 - rate));

function difference(name: string, average: number, alone: number): string {
  const points = (error(average) - error(alone)).toFixed(1);
  if (Number(points) === 0) return `the same ${name} error`;
  return `a ${name} error ${points.replace("-", "")} points ${Number(points) < 0 ? "lower" : "higher"}`;
}

const compared = (average: Rates, alone: Rates) => `${difference("top-1", average.top1, alone.top1)} and ${difference("top-5", average.top5, alone.top5)}`;

/** A sentence for each average; `small` is of all networks but the first, which ships. */
export function ensembleGains(all: Evaluation | null, small: Evaluation | null): string[] {
  const count = all?.models?.length ?? 0;
  const shipped = all?.models?.[0];
  const best = small?.models?.toSorted((one, other) => other.top1 - one.top1)[0];
  return [
    ...(small && best ? [`Beside the best of networks 2 to ${count}, their average has ${compared(small, best)}.`] : []),
    ...(all && shipped ? [`Beside the shipped network, the average of all ${count} has ${compared(all, shipped)}.`] : []),
  ];
}
