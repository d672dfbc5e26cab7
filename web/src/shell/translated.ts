/**
 * Keeps the page alive while the browser translates it.
 *
 * A translator replaces each text node by `<font><font>translation</font></font>`. The page still writes to its
 * own text nodes, which are no longer in the document, so what it shows would never change again. This module
 * remembers which element stands for which text. When the page changes a text, the text takes its place again, and
 * the translator sees it as new. When the page removes a text, the translation goes too.
 */
export function keepTranslatedTextAlive(root: Node): () => void {
  /** The translation that stands in the place of a text. */
  const translations = new Map<Text, ChildNode>();

  const release = (text: Text): ChildNode | undefined => {
    const translation = translations.get(text);
    translations.delete(text);
    delete (text as Partial<Text>).remove;
    return translation;
  };

  const observer = new MutationObserver((records) => {
    for (const { type, target, removedNodes, addedNodes } of records) {
      if (type === "characterData") {
        if (target instanceof Text) release(target)?.replaceWith(target);
        continue;
      }
      const [text, translation] = [removedNodes[0], addedNodes[0]];
      if (removedNodes.length !== 1 || !(text instanceof Text) || text.isConnected) continue;
      // Translators insert the new element before or after they remove the text, in one record or in two.
      const font = translation instanceof HTMLElement && translation.localName === "font" ? translation : neighbour(records, target, text);
      if (!font) continue;
      translations.set(text, font);
      text.remove = () => release(text)?.remove();
      observer.observe(text, { characterData: true });
    }
  });
  observer.observe(root, { childList: true, subtree: true });
  return () => observer.disconnect();
}

/** The `<font>` that was inserted beside a text that was removed. */
function neighbour(records: MutationRecord[], parent: Node, text: Text): ChildNode | undefined {
  for (const { target, addedNodes, previousSibling, nextSibling } of records) {
    const added = addedNodes[0];
    const beside = previousSibling === text || nextSibling === text;
    if (target === parent && beside && added instanceof HTMLElement && added.localName === "font") return added;
  }
  return undefined;
}
