/** What a judgement says, counted. */
import type { Judgement } from "../../projects/types";
import type { Tested } from "../../state/model.svelte";

export interface ClassScore { id: string; right: number; total: number }

type Judged = Judgement["judged"][number];
const isRight = ({ label, top }: Judged): boolean => top[0]?.index === label;

/** Right guesses of each class. */
export function scores({ classes, judged }: Judgement): ClassScore[] {
  const all = classes.map((id) => ({ id, right: 0, total: 0 }));
  for (const one of judged) {
    const score = all[one.label];
    if (!score) continue;
    score.total++;
    if (isRight(one)) score.right++;
  }
  return all;
}

/** Counts of (right class, guess), row by row. */
export function confusion({ classes, judged }: Judgement): number[] {
  const counts = Array<number>(classes.length ** 2).fill(0);
  for (const { label, top } of judged) {
    const place = label * classes.length + (top[0]?.index ?? 0);
    counts[place] = (counts[place] ?? 0) + 1;
  }
  return counts;
}

/** The pictures it gets wrong, the surest mistakes first. */
export function mistakes({ judged }: Judgement): Judged[] {
  return judged.filter((one) => !isRight(one)).sort((a, b) => (b.top[0]?.probability ?? 0) - (a.top[0]?.probability ?? 0));
}

/** Where nothing was answered wrong, no tested picture speaks for a higher threshold than this. */
const MOST_DOUBT = 0.9;

/**
 * The probability of the first guess below which the page is not sure, in hundredths: of all thresholds the one by which
 * “right from here on, wrong below” holds for most pictures, of equals the highest. Null where nothing was tested.
 */
export function tested({ judged }: Judgement): Tested | null {
  if (judged.length === 0) return null;
  let best = { fits: -1, hundredths: 0 };
  for (let hundredths = 0; hundredths <= 100 * MOST_DOUBT; hundredths++) {
    const fits = judged.filter((one) => (one.top[0]?.probability ?? 0) >= hundredths / 100 === isRight(one)).length;
    if (fits >= best.fits) best = { fits, hundredths };
  }
  return { images: judged.length, right: judged.filter(isRight).length, doubt: best.hundredths / 100 };
}
