/** Splits pictures into training and validation. */

/** Share of validation pictures. */
export const VAL_SHARE = 0.2;
/** A class with at least this many pictures has a validation picture. */
const LEAST = 4;

/** A number from 0 to 1 from a picture's hash: the same for the same picture. */
export function hashFraction(hash: string): number {
  return Number.parseInt(hash.slice(0, 8), 16) / 2 ** 32;
}

/**
 * Whether each of some new pictures of a class is a validation picture, by its hash. Pictures that the class has already
 * never move. Where a class of four or more would have no validation picture, the new picture with the lowest hash is one.
 *
 * @param there how many pictures the class has already, and how many of them are validation pictures
 */
export function assignSplit(hashes: readonly string[], there: { pictures: number; val: number }): boolean[] {
  const val = hashes.map((hash) => hashFraction(hash) < VAL_SHARE);
  const learn = val.filter((apart) => !apart).length + there.pictures - there.val;
  if (there.val === 0 && !val.includes(true) && hashes.length > 0 && there.pictures + hashes.length >= LEAST) {
    val[hashes.reduce((best, hash, i) => (hash < (hashes[best] ?? "") ? i : best), 0)] = true;
  } else if (learn === 0 && hashes.length > 1) {
    // No training picture: the one with the highest hash becomes one.
    const highest = hashes.reduce((best, hash, i) => (hashFraction(hash) > hashFraction(hashes[best] ?? "") ? i : best), 0);
    val[highest] = false;
  }
  return val;
}

/**
 * How many frames at the end of a camera series are validation pictures. Neighbouring frames are nearly equal: a
 * validation frame between two training frames would only test what was memorised.
 *
 * @param there how many pictures the class has, the series included, and how many of them are validation pictures
 */
export function validationFrames(frames: number, there: { pictures: number; val: number }): number {
  const least = there.val === 0 && there.pictures >= LEAST ? 1 : 0;
  return Math.max(Math.round(frames * VAL_SHARE), least);
}
