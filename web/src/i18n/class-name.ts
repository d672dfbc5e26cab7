/**
 * Names of classes in the visitor's language.
 *
 * Only the classes of what ships are translated. They are told by the whole list, never by one name, so a visitor's own
 * class “apple” keeps its name: the shipped networks name their classes by WordNet ids, all of which the catalogue has;
 * Fashion-MNIST has the ten names below, in this order.
 */
import { isLoaded, language, lookUp } from "./index.svelte";

/** The classes of a network or a data set, in order. A data set has no ids. */
export interface ClassList { labels: readonly string[]; ids?: readonly string[] }

/** Fashion-MNIST's labels with their keys in the catalogue. */
const FASHION_MNIST = [
  ["T-shirt/top", "fashionTshirt"], ["Trouser", "fashionTrouser"], ["Pullover", "fashionPullover"], ["Dress", "fashionDress"], ["Coat", "fashionCoat"],
  ["Sandal", "fashionSandal"], ["Shirt", "fashionShirt"], ["Sneaker", "fashionSneaker"], ["Bag", "fashionBag"], ["Ankle boot", "fashionAnkleBoot"],
] as const;

/** The catalogue's keys of a list that ships. */
function keysOf({ labels, ids }: ClassList): readonly string[] | undefined {
  if (labels.length === FASHION_MNIST.length && FASHION_MNIST.every(([label], i) => labels[i] === label)) return FASHION_MNIST.map(([, key]) => key);
  const known = ids && ids.length > 0 && ids.length === labels.length && ids.every((id) => /^n\d{8}$/.test(id) && lookUp("classes", id) !== undefined);
  return known ? ids : undefined;
}

/** Names by label, kept for each language as long as the list lives. */
const kept = new WeakMap<ClassList, Map<string, ReadonlyMap<string, string>>>();

function namesOf(list: ClassList): ReadonlyMap<string, string> {
  const byLanguage = kept.get(list) ?? new Map<string, ReadonlyMap<string, string>>();
  kept.set(list, byLanguage);
  const before = byLanguage.get(language());
  if (before) return before;
  const names = new Map<string, string>();
  keysOf(list)?.forEach((key, i) => names.set(list.labels[i] ?? "", lookUp("classes", key) ?? ""));
  byLanguage.set(language(), names);
  return names;
}

/** A class's name in the language on show; the label itself where the list is not one that ships. */
export function className(label: string, list: ClassList | null | undefined): string {
  // The labels are English, and a network may have been given better ones.
  if (!list || language() === "en" || !isLoaded("classes")) return label;
  return namesOf(list).get(label) ?? label;
}

/** All names of a list, in order. */
export const classNames = (list: ClassList): string[] => list.labels.map((label) => className(label, list));
