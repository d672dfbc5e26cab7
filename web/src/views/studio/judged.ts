/** What a judgement says, counted. */
import type { Judgement } from "../../projects/types";

export interface ClassScore { label: string; right: number; total: number }

/** Right guesses of each class. */
export function scores({ labels, judged }: Judgement): ClassScore[] {
  const all = labels.map((label) => ({ label, right: 0, total: 0 }));
  for (const { label, top } of judged) {
    const score = all[label];
    if (!score) continue;
    score.total++;
    if (top[0]?.index === label) score.right++;
  }
  return all;
}

/** Counts of (right class, guess), row by row. */
export function confusion({ labels, judged }: Judgement): number[] {
  const counts = Array<number>(labels.length ** 2).fill(0);
  for (const { label, top } of judged) {
    const place = label * labels.length + (top[0]?.index ?? 0);
    counts[place] = (counts[place] ?? 0) + 1;
  }
  return counts;
}

/** The pictures it gets wrong, the surest mistakes first. */
export function mistakes({ judged }: Judgement): Judgement["judged"] {
  const wrong = judged.filter(({ label, top }) => top[0]?.index !== label);
  return wrong.sort((a, b) => (b.top[0]?.probability ?? 0) - (a.top[0]?.probability ?? 0));
}
