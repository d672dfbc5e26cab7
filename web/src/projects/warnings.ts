/** What would hurt the training, in sentences. */
import type { PictureInfo, ProjectClass } from "./types";

export interface Warning {
  text: string;
  /** Training cannot begin like this. */
  stops: boolean;
  /** The classes concerned. */
  classes: string[];
  /** Pictures that are in several classes, for putting right. */
  pictures?: PictureInfo[];
}

/** A class with fewer pictures is learned badly. */
const FEW = 10;
/** A class with so many times the pictures of another is guessed too often. */
const UNEVEN = 5;

const LIST = new Intl.ListFormat("en-GB");
const list = (names: readonly string[]): string => {
  const quoted = names.slice(0, 4).map((name) => `“${name}”`);
  return LIST.format(names.length > 4 ? [...quoted, `${names.length - 4} more`] : quoted);
};
const count = (n: number): string => (n === 1 ? "one picture" : `${n} pictures`);

export function warnings(classes: readonly ProjectClass[], pictures: readonly PictureInfo[]): Warning[] {
  const all = classes.map(({ id, name }) => ({ id, name, own: pictures.filter((picture) => picture.class === id) }));
  const filled = all.filter(({ own }) => own.length > 0);
  const found: Warning[] = [];
  const showMessage = (stops: boolean, of: typeof all, text: string, more?: PictureInfo[]) =>
    void found.push({ text, stops, classes: of.map(({ id }) => id), ...(more ? { pictures: more } : {}) });

  if (filled.length === 0) return found;
  if (filled.length === 1) showMessage(true, filled, `Only ${list(filled.map(({ name }) => name))} has pictures: a network needs at least two classes to tell apart, so add another (“something else” will do).`);
  const empty = all.filter(({ own }) => own.length === 0);
  if (empty.length > 0 && filled.length > 1) showMessage(false, empty, `${list(empty.map(({ name }) => name))} ${empty.length === 1 ? "has" : "have"} no pictures and will be left out.`);
  const nothing = filled.filter(({ own }) => own.every(({ val }) => val));
  if (nothing.length > 0) showMessage(true, nothing, `${list(nothing.map(({ name }) => name))} ${nothing.length === 1 ? "has" : "have"} no picture to learn from, only ones set apart for testing: add more pictures.`);
  const few = filled.filter((one) => one.own.length < FEW && !nothing.includes(one));
  const [only] = few;
  if (few.length === 1 && only) showMessage(false, few, `“${only.name}” has only ${count(only.own.length)}: with fewer than ${FEW} a class is rarely learned, and thirty or more work well.`);
  else if (few.length > 1) showMessage(false, few, `${list(few.map(({ name }) => name))} have fewer than ${FEW} pictures each: such classes are rarely learned, and thirty or more work well.`);
  const most = filled.reduce((a, b) => (b.own.length > a.own.length ? b : a));
  const least = filled.reduce((a, b) => (b.own.length < a.own.length ? b : a));
  if (most.own.length >= UNEVEN * least.own.length && most.own.length >= FEW) {
    showMessage(false, [most, least], `“${most.name}” has ${most.own.length} pictures and “${least.name}” ${least.own.length}: the network will guess “${most.name}” too often, so even them out.`);
  }
  const untested = filled.filter(({ own }) => !own.some(({ val }) => val));
  if (untested.length > 0 && filled.length > 1) showMessage(false, untested, `No picture of ${list(untested.map(({ name }) => name))} is set apart for testing: from four pictures on, one is.`);
  const twins = duplicatesAcrossClasses(pictures);
  if (twins.length > 0) {
    const names = (ids: string[]) => list(ids.map((id) => classes.find((one) => one.id === id)?.name ?? "?"));
    const [first] = twins;
    const of = [...new Set(twins.flatMap((same) => same.map((one) => one.class)))];
    const text = twins.length === 1 && first ? `The same picture is in ${names(first.map((one) => one.class))}: the network cannot learn both, so remove one.` : `${twins.length} pictures are each in more than one class (${names(of)}): the network cannot learn both, so remove one of each.`;
    showMessage(false, all.filter(({ id }) => of.includes(id)), text, twins.flat());
  }
  return found;
}

/** Pictures of the same content in different classes, grouped. */
export function duplicatesAcrossClasses(pictures: readonly PictureInfo[]): PictureInfo[][] {
  const byHash = new Map<string, PictureInfo[]>();
  for (const picture of pictures) byHash.set(picture.hash, [...(byHash.get(picture.hash) ?? []), picture]);
  return [...byHash.values()].filter((same) => same.length > 1);
}
