/**
 * Finds texts for people that stand in the code instead of the message catalogue: text and attributes of components,
 * strings of several words, texts of errors and messages.
 */
import { parse } from "svelte/compiler";
import ts from "typescript";

/** A text that a person would read, and its line. */
export interface Finding { line: number; text: string }

/** Attributes and properties that people read or hear. */
const READ = new Set(["aria-label", "aria-description", "aria-roledescription", "aria-valuetext", "aria-placeholder", "title", "alt", "placeholder", "label", "caption", "legend", "heading", "summary"]);
/** Attributes that hold code. */
const CODE = /^(class|style|d|points|viewBox|transform|id|for|name|type|href|src|role|rel|accept|media|data-.*|aria-(labelledby|describedby|controls|owns|live|current|hidden)|xmlns|fill|stroke.*|preserveAspectRatio|sizes|autocomplete|inputmode|pattern|on.*)$/;
/** Functions whose text arguments are code: selectors, property names, what developers read. */
const CODE_CALLS = new Set(["InternalError", "Broken", "querySelector", "querySelectorAll", "matches", "closest", "matchMedia", "RegExp", "getContext", "setProperty", "warn", "mark"]);
/** Errors whose text reaches people. */
const ERRORS = new Set(["Error", "TypeError", "RangeError", "DOMException"]);

const hasLetter = (text: string): boolean => /\p{L}/u.test(text);

/** Two words in a row, or Chinese text. Paths, selectors and declarations of CSS are code. */
export function readsLikeText(text: string): boolean {
  if (/[\u3400-\u9fff]/.test(text)) return true;
  if (/^[\s\w-]+:[^:]*;?\s*$/.test(text) && /^[a-z-]+:\s*\S/.test(text) && !/[A-Z“]/.test(text)) return false;
  return /(^|[\s“(])\p{L}[\p{L}’']+[,;:]?\s+[“(]?\p{L}[\p{L}’']*/u.test(text);
}

/**
 * Findings in a TypeScript file.
 *
 * @param shown the source is one expression whose value is shown: single words in it count, too
 */
export function inTypeScript(source: string, firstLine = 1, shown = false): Finding[] {
  const file = ts.createSourceFile("file.ts", source, ts.ScriptTarget.Latest, true);
  const found: Finding[] = [];
  const report = (node: ts.Node, text: string) => found.push({ line: file.getLineAndCharacterOfPosition(node.getStart()).line + firstLine, text: text.trim() });
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node) || ts.isTypeNode(node) || ts.isInterfaceDeclaration(node)) return;
    if (ts.isCallExpression(node) || ts.isNewExpression(node)) {
      const called = node.expression.getText();
      if (CODE_CALLS.has(called) || CODE_CALLS.has(called.split(".").at(-1) ?? "")) return;
      const [first] = node.arguments ?? [];
      if ((called === "showMessage" || called === "showError" || (ts.isNewExpression(node) && ERRORS.has(called))) && first && textOf(first) !== undefined && hasLetter(textOf(first) ?? "")) {
        report(first, textOf(first) ?? "");
        return;
      }
    }
    if (ts.isPropertyAssignment(node) && READ.has(node.name.getText().replace(/["']/g, ""))) {
      const text = textOf(node.initializer);
      if (text !== undefined && hasLetter(text)) return void report(node, text);
    }
    const text = textOf(node);
    if (text !== undefined && readsLikeText(text)) report(node, text);
    ts.forEachChild(node, visit);
  };
  /** The literals that an expression may be, reported whatever they say. */
  const visitShown = (node: ts.Node): void => {
    const text = textOf(node);
    if (text !== undefined) {
      if (hasLetter(text) && !readsLikeText(text)) report(node, text);
    } else if (ts.isParenthesizedExpression(node)) visitShown(node.expression);
    else if (ts.isConditionalExpression(node)) [node.whenTrue, node.whenFalse].forEach(visitShown);
    else if (ts.isBinaryExpression(node) && /^(\?\?|\|\||&&|\+)$/.test(node.operatorToken.getText())) [node.left, node.right].forEach(visitShown);
  };
  visit(file);
  const [only] = file.statements;
  if (shown && only && ts.isExpressionStatement(only)) visitShown(only.expression);
  return found;
}

/** The text of a literal; what a template inserts is “…”. */
function textOf(node: ts.Node): string | undefined {
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return node.text;
  if (ts.isTemplateExpression(node)) return [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)].join("…");
  return undefined;
}

interface Node { type: string; start: number; end: number; [key: string]: unknown }
const isNode = (value: unknown): value is Node => typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";

/** Findings in a component. */
export function inSvelte(source: string): Finding[] {
  const root = parse(source, { modern: true });
  const found: Finding[] = [];
  const lineOf = (at: number) => source.slice(0, at).split("\n").length;
  const report = (node: Node, text: string) => found.push({ line: lineOf(node.start), text: text.trim() });
  /** An expression of the template, by TypeScript's parser. */
  const expression = ({ start, end }: Node, shown = false) => found.push(...inTypeScript(`(${source.slice(start, end)})`, lineOf(start), shown));

  const attribute = (node: Node) => {
    const name = String(node["name"]);
    const parts = (Array.isArray(node["value"]) ? node["value"] : [node["value"]]) as unknown[];
    if (CODE.test(name)) return;
    for (const part of parts) {
      if (!isNode(part)) continue;
      if (part.type === "Text" && hasLetter(String(part["data"]))) {
        if (READ.has(name) || readsLikeText(String(part["data"]))) report(part, String(part["data"]));
      } else if (part.type === "ExpressionTag" && isNode(part["expression"])) {
        expression(part["expression"], READ.has(name));
      }
    }
  };
  const visit = (node: Node): void => {
    switch (node.type) {
      case "Text":
        if (hasLetter(String(node["data"]))) report(node, String(node["data"]));
        return;
      case "Attribute":
        return attribute(node);
      case "StyleSheet":
      case "StyleDirective":
      case "ClassDirective":
      case "Comment":
        return;
      case "ExpressionTag":
        if (isNode(node["expression"])) expression(node["expression"], true);
        return;
      case "HtmlTag":
      case "RenderTag":
        if (isNode(node["expression"])) expression(node["expression"]);
        return;
      case "ConstTag":
        if (isNode(node["declaration"])) found.push(...inTypeScript(source.slice(node["declaration"].start, node["declaration"].end), lineOf(node.start)));
        return;
    }
    for (const [key, value] of Object.entries(node)) {
      if (key === "expression" || key === "test" || key === "context" || key === "parameters") {
        if (isNode(value)) expression(value);
        continue;
      }
      for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) visit(child);
    }
  };
  for (const script of [root.instance, root.module]) {
    const content = script?.content as unknown as Node | undefined;
    if (content) found.push(...inTypeScript(source.slice(content.start, content.end), lineOf(content.start)));
  }
  visit(root.fragment as unknown as Node);
  return found;
}
