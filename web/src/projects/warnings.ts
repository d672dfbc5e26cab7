/** Problems of a project's pictures that would make training worse or impossible. */
import { message, type Message } from "../errors/message";
import type { PictureInfo, ProjectClass } from "./types";

export interface Warning {
  text: Message;
  /** Training cannot start. */
  stops: boolean;
  /** Ids of the classes concerned. */
  classes: string[];
  /** Pictures that are in several classes. */
  pictures?: PictureInfo[];
}

/** A class with fewer pictures is rarely learned. */
const FEW = 10;
/** A class with this many times the pictures of another is predicted too often. */
const UNEVEN = 5;
/** Names in a sentence; the rest is counted. */
const MOST_NAMES = 4;

/** Class names in quotation marks, as a list. */
function quoted(names: readonly string[]): Message[] {
  const shown = names.slice(0, MOST_NAMES).map((name) => message("engine.quoted", { name }));
  return names.length > MOST_NAMES ? [...shown, message("engine.more", { count: names.length - MOST_NAMES })] : shown;
}

export function warnings(classes: readonly ProjectClass[], pictures: readonly PictureInfo[]): Warning[] {
  const all = classes.map(({ id, name }) => ({ id, name, own: pictures.filter((picture) => picture.class === id) }));
  const filled = all.filter(({ own }) => own.length > 0);
  const found: Warning[] = [];
  const warn = (stops: boolean, of: typeof all, text: Message, more?: PictureInfo[]) =>
    void found.push({ text, stops, classes: of.map(({ id }) => id), ...(more ? { pictures: more } : {}) });
  const names = (of: typeof all) => quoted(of.map(({ name }) => name));

  if (filled.length === 0) return found;
  if (filled.length === 1) warn(true, filled, message("engine.warnOneClass", { names: names(filled) }));
  const empty = all.filter(({ own }) => own.length === 0);
  if (empty.length > 0 && filled.length > 1) warn(false, empty, message("engine.warnEmpty", { names: names(empty), count: empty.length }));
  const untrained = filled.filter(({ own }) => own.every(({ val }) => val));
  if (untrained.length > 0) warn(true, untrained, message("engine.warnNoTraining", { names: names(untrained), count: untrained.length }));
  const few = filled.filter((one) => one.own.length < FEW && !untrained.includes(one));
  const [only] = few;
  if (few.length === 1 && only) warn(false, few, message("engine.warnFew", { name: only.name, count: only.own.length, few: FEW }));
  else if (few.length > 1) warn(false, few, message("engine.warnFewEach", { names: names(few), few: FEW }));
  const most = filled.reduce((a, b) => (b.own.length > a.own.length ? b : a));
  const least = filled.reduce((a, b) => (b.own.length < a.own.length ? b : a));
  if (most.own.length >= UNEVEN * least.own.length && most.own.length >= FEW) {
    warn(false, [most, least], message("engine.warnUneven", { most: most.name, mostCount: most.own.length, least: least.name, leastCount: least.own.length }));
  }
  const untested = filled.filter(({ own }) => !own.some(({ val }) => val));
  if (untested.length > 0 && filled.length > 1) warn(false, untested, message("engine.warnNoValidation", { names: names(untested) }));
  const twins = duplicatesAcrossClasses(pictures);
  if (twins.length > 0) {
    const named = (ids: string[]) => quoted(ids.map((id) => classes.find((one) => one.id === id)?.name ?? "?"));
    const [first] = twins;
    const of = [...new Set(twins.flatMap((same) => same.map((one) => one.class)))];
    const text =
      twins.length === 1 && first
        ? message("engine.warnSamePicture", { names: named(first.map((one) => one.class)) })
        : message("engine.warnSamePictures", { count: twins.length, names: named(of) });
    warn(false, all.filter(({ id }) => of.includes(id)), text, twins.flat());
  }
  return found;
}

/** Pictures with the same content in different classes, grouped. */
export function duplicatesAcrossClasses(pictures: readonly PictureInfo[]): PictureInfo[][] {
  const byHash = new Map<string, PictureInfo[]>();
  for (const picture of pictures) byHash.set(picture.hash, [...(byHash.get(picture.hash) ?? []), picture]);
  return [...byHash.values()].filter((same) => same.length > 1);
}
