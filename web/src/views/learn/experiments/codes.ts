/**
 * A pupil's prediction and result as a code of five letters and digits, which a teacher's page counts. It holds no name.
 *
 * Bits: experiment (4), predicted (3), measured (3), settings (5, a hash: 0 for the defaults), check (10). The letters are
 * Crockford's base 32, which has no I, L, O and U: what looks alike is read alike.
 */
import type { Experiment } from "../../../generated/protocol";

/** Places of the experiments in a code. New ones go to the end, so that old codes stay valid; there is room for two more. */
const NAMES = ["relu", "saturation", "sixteen", "sampling", "dropout", "coadaptation", "pooling", "response-norm", "augmentation", "depth", "ten-crops", "ensemble", "towers", "rivals"];
const LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LENGTH = 5;
/** No prediction, or an answer that is not in the table. */
const NONE = 7;

export interface Finding {
  experiment: string;
  predicted: string | null;
  measured: string | null;
  /** 0 for the default settings. */
  settings: number;
}

/** CRC-10 (x¹⁰+x⁹+x⁵+x⁴+x+1) of 15 bits: it finds every single letter that is wrong. */
function check(data: number): number {
  let rest = data << 10;
  for (let bit = 24; bit >= 10; bit--) if (rest & (1 << bit)) rest ^= 0x633 << (bit - 10);
  return rest & 0x3ff;
}

/** A number from 1 to 31 for settings that differ from the defaults, 0 for none. */
export function settingsHash(changed: Readonly<Record<string, string>>): number {
  const text = Object.entries(changed).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => `${name}=${value}`).join("&");
  if (text === "") return 0;
  let hash = 7;
  for (const letter of text) hash = (Math.imul(hash, 31) + (letter.codePointAt(0) ?? 0)) >>> 0;
  return 1 + (hash % 31);
}

/** The code of a finding; null for an experiment that has no place in it. */
export function writeCode(experiment: Pick<Experiment, "name" | "answers">, predicted: string | undefined, measured: string | undefined, changed: Readonly<Record<string, string>>): string | null {
  const place = NAMES.indexOf(experiment.name);
  if (place < 0) return null;
  const index = (answer: string | undefined) => {
    const found = experiment.answers.findIndex(({ name }) => name === answer);
    return found < 0 || found >= NONE ? NONE : found;
  };
  const data = (place << 11) | (index(predicted) << 8) | (index(measured) << 5) | settingsHash(changed);
  const bits = (data << 10) | check(data);
  return Array.from({ length: LENGTH }, (_, i) => LETTERS[(bits >>> (5 * (LENGTH - 1 - i))) & 31]).join("");
}

/** What a code says; null where it was mistyped. */
export function readCode(table: readonly Pick<Experiment, "name" | "answers">[], code: string): Finding | null {
  const letters = code.toUpperCase().replaceAll("O", "0").replaceAll(/[IL]/g, "1");
  if (letters.length !== LENGTH) return null;
  let bits = 0;
  for (const letter of letters) {
    const value = LETTERS.indexOf(letter);
    if (value < 0) return null;
    bits = bits * 32 + value;
  }
  const data = bits >>> 10;
  const experiment = table.find(({ name }) => name === NAMES[data >>> 11]);
  if ((bits & 0x3ff) !== check(data) || !experiment) return null;
  const answer = (index: number) => experiment.answers[index]?.name ?? null;
  return { experiment: experiment.name, predicted: answer((data >>> 8) & 7), measured: answer((data >>> 5) & 7), settings: data & 31 };
}

/** Counts of one experiment with one choice of settings. */
export interface Count {
  experiment: string;
  settings: number;
  /** How many predicted (and how many measured) each answer. */
  predicted: Map<string, number>;
  measured: Map<string, number>;
  /** How many predicted what they measured. */
  right: number;
  total: number;
}

/** Counts the codes of a text, however they are separated. The same code counts as often as it is there. */
export function tally(table: readonly Pick<Experiment, "name" | "answers">[], text: string): { counts: Count[]; wrong: string[] } {
  const counts = new Map<string, Count>();
  const wrong: string[] = [];
  for (const code of text.split(/[\s,;]+/).filter((one) => one !== "")) {
    const found = readCode(table, code);
    if (!found) {
      wrong.push(code);
      continue;
    }
    const key = `${found.experiment} ${found.settings}`;
    const count = counts.get(key) ?? { experiment: found.experiment, settings: found.settings, predicted: new Map(), measured: new Map(), right: 0, total: 0 };
    counts.set(key, count);
    const add = (to: Map<string, number>, answer: string | null) => answer !== null && to.set(answer, (to.get(answer) ?? 0) + 1);
    add(count.predicted, found.predicted);
    add(count.measured, found.measured);
    if (found.predicted !== null && found.predicted === found.measured) count.right++;
    count.total++;
  }
  return { counts: [...counts.values()], wrong };
}
