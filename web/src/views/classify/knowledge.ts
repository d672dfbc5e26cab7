/** What is said of the classes that a network knows. */
import { locale } from "../../i18n/index.svelte";

/** Classes that everybody can picture, by their WordNet ids: goldfish, school bus, pizza. */
const WELL_KNOWN = ["n01443537", "n04146614", "n07873807"];
const EXAMPLES = 3;

/** Names to show as examples: well-known ones where the network has them, else its first. */
export function examples(ids: readonly string[], names: readonly string[]): string[] {
  const known = WELL_KNOWN.map((id) => names[ids.indexOf(id)]).filter((name) => name !== undefined);
  return known.length === EXAMPLES ? known : names.slice(0, EXAMPLES);
}

/** Places of the names that hold a text, in the alphabet's order; the English label counts too. */
export function matching(names: readonly string[], labels: readonly string[], search: string): number[] {
  const wanted = search.trim().toLocaleLowerCase();
  const holds = (text: string | undefined) => text?.toLocaleLowerCase().includes(wanted) ?? false;
  const places = names.flatMap((name, i) => (holds(name) || holds(labels[i]) ? [i] : []));
  return places.sort((a, b) => (names[a] ?? "").localeCompare(names[b] ?? "", locale()));
}
