/** Counts from an evaluation: per class, confusion matrix, mistakes. */
import type { EvaluationResult } from "../../projects/types";
import type { TestResult } from "../../state/model.svelte";

export interface ClassScore { id: string; correct: number; total: number }

type PicturePrediction = EvaluationResult["predictions"][number];
const isRight = ({ label, top }: PicturePrediction): boolean => top[0]?.index === label;

/** Correct predictions of each class. */
export function scores({ classes, predictions }: EvaluationResult): ClassScore[] {
  const all = classes.map((id) => ({ id, correct: 0, total: 0 }));
  for (const one of predictions) {
    const score = all[one.label];
    if (!score) continue;
    score.total++;
    if (isRight(one)) score.correct++;
  }
  return all;
}

/** Counts by (label, prediction), row by row. */
export function confusion({ classes, predictions }: EvaluationResult): number[] {
  const counts = Array<number>(classes.length ** 2).fill(0);
  for (const { label, top } of predictions) {
    const place = label * classes.length + (top[0]?.index ?? 0);
    counts[place] = (counts[place] ?? 0) + 1;
  }
  return counts;
}

/** Wrong predictions, those with the highest probability first. */
export function mistakes({ predictions }: EvaluationResult): PicturePrediction[] {
  return predictions.filter((one) => !isRight(one)).sort((a, b) => (b.top[0]?.probability ?? 0) - (a.top[0]?.probability ?? 0));
}

/** Without wrong predictions, the threshold is not set higher than this. */
const MAX_THRESHOLD = 0.9;

/**
 * The probability of the top prediction below which the page says “not sure”, in steps of 0.01. It is the threshold that
 * best separates correct from wrong predictions; the highest one if several are equally good. Null without predictions.
 */
export function testResult({ predictions }: EvaluationResult): TestResult | null {
  if (predictions.length === 0) return null;
  let best = { fits: -1, hundredths: 0 };
  for (let hundredths = 0; hundredths <= 100 * MAX_THRESHOLD; hundredths++) {
    const fits = predictions.filter((one) => (one.top[0]?.probability ?? 0) >= hundredths / 100 === isRight(one)).length;
    if (fits >= best.fits) best = { fits, hundredths };
  }
  return { images: predictions.length, correct: predictions.filter(isRight).length, threshold: best.hundredths / 100 };
}
