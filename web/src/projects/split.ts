/** Which pictures are set apart to be tested on. */

/** Share of the pictures. */
export const VAL_SHARE = 0.2;
/** From so many pictures on a class has one set apart. */
const LEAST = 4;

/** A number from 0 to 1 that only the content decides. */
export function hashFraction(hash: string): number {
  return Number.parseInt(hash.slice(0, 8), 16) / 2 ** 32;
}

/**
 * Whether each of some new pictures of a class is set apart, by its content: what is there already never moves. Where
 * chance would leave a class of four or more without any, the new picture with the lowest hash is.
 *
 * @param there how many the class has already, and how many of them are set apart
 */
export function assignSplit(hashes: readonly string[], there: { pictures: number; val: number }): boolean[] {
  const val = hashes.map((hash) => hashFraction(hash) < VAL_SHARE);
  const learn = val.filter((apart) => !apart).length + there.pictures - there.val;
  if (there.val === 0 && !val.includes(true) && hashes.length > 0 && there.pictures + hashes.length >= LEAST) {
    val[hashes.reduce((best, hash, i) => (hash < (hashes[best] ?? "") ? i : best), 0)] = true;
  } else if (learn === 0 && hashes.length > 1) {
    // Nothing to learn from: the one least likely to be set apart is learned from.
    const highest = hashes.reduce((best, hash, i) => (hashFraction(hash) > hashFraction(hashes[best] ?? "") ? i : best), 0);
    val[highest] = false;
  }
  return val;
}

/**
 * How many at the end of a series of a class's frames are set apart. Frames that follow one another are nearly alike: with
 * neighbours on both sides the test would be of what was learned by heart.
 *
 * @param there how many the class has, the series among them, and how many of them are set apart
 */
export function validationFrames(frames: number, there: { pictures: number; val: number }): number {
  const least = there.val === 0 && there.pictures >= LEAST ? 1 : 0;
  return Math.max(Math.round(frames * VAL_SHARE), least);
}
