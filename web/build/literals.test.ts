/** No text that a person reads stands outside of the message catalogue. */
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { inSvelte, inTypeScript, type Finding } from "./literals";

const folder = new URL("../src/", import.meta.url);

/** Not shown to visitors: generated code, tests. */
const SKIPPED = /^generated\/|\.test\.ts$|^views\/train\/fake-engine\.ts$|^engine\/page\/experiments\/fake-worker\.ts$|\.d\.ts$/;

/** Texts that stay in the code, by file. Keep it short: everything else belongs into web/messages. */
const EXCEPTIONS: Record<string, readonly string[]> = {
  // The page's own name.
  "shell/App.svelte": ["· AlexNet Lab"],
  "shell/Header.svelte": ["AlexNet Lab"],
  // Each language's name in itself.
  "i18n/languages.ts": ["简体中文"],
  // A label of a file, to recognise Fashion-MNIST by; the catalogue has its translation.
  "i18n/class-name.ts": ["Ankle boot"],
  // Names of a hash and of a protocol.
  "views/models/DownloadedModels.svelte": ["· SHA-256"],
  "views/models/PublishedModels.svelte": ["https://…"],
};

const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
  .map((file) => file.replaceAll("\\", "/"))
  .filter((file) => /\.(ts|svelte)$/.test(file) && !SKIPPED.test(file))
  .sort();

function findings(file: string): Finding[] {
  const source = readFileSync(new URL(file, folder), "utf8");
  const all = file.endsWith(".svelte") ? inSvelte(source) : inTypeScript(source);
  return all.filter(({ text }) => !EXCEPTIONS[file]?.includes(text));
}

describe("texts outside of the catalogue", () => {
  it.each(files)("are not in %s", (file) => {
    expect(findings(file).map(({ line, text }) => `${file}:${line}: ${text}`)).toEqual([]);
  });

  it("has no exception for a text that is gone", () => {
    const stale = Object.entries(EXCEPTIONS).filter(([file, texts]) => !texts.every((text) => readFileSync(new URL(file, folder), "utf8").includes(text)));
    expect(stale).toEqual([]);
  });
});

describe("the search", () => {
  const svelte = (markup: string) => inSvelte(markup).map(({ text }) => text);
  const script = (code: string) => inTypeScript(code).map(({ text }) => text);

  it.each([
    ["<p>Start</p>", "Start"],
    ["{#if a}<p>{b} pictures</p>{/if}", "pictures"],
    ['<button aria-label="Close">×</button>', "Close"],
    ['<img alt={"The photo"} src="a.png" />', "The photo"],
    ["<Button label={`Remove ${name}`} />", "Remove …"],
    ['<p>{done ? "It is done" : ""}</p>', "It is done"],
    ['<p>{name ?? "nobody"}</p>', "nobody"],
    ['<button title={playing ? "Pause" : t.ui.play()}>›</button>', "Pause"],
    ['<script>const a = "It is done";</script>', "It is done"],
    ['<FilePicker label="Open" />', "Open"],
  ])("finds the text of %s", (markup, text) => expect(svelte(markup)).toEqual([text]));

  it.each([
    ['throw new Error("Odd")', "Odd"],
    ['showMessage("Done.")', "Done."],
    ["showMessage(`${n} done`)", "… done"],
    ['const a = { title: "Start" }', "Start"],
    ['const a = "Check the connection"', "Check the connection"],
    ['const a = "请重试"', "请重试"],
  ])("finds the text of %s", (code, text) => expect(script(code)).toEqual([text]));

  it("leaves code alone", () => {
    expect(svelte('<div class="card wide" data-testid="a b" style:width="{x}px" id="one two">{t.ui.start()}<svg><path d="M8 1 L2 a" /></svg></div>')).toEqual([]);
    expect(script('import x from "./a b"; throw new InternalError("For developers only"); a.querySelector("main button"); const b = "image/jpeg"; const c = message("ui.start");')).toEqual([]);
  });
});
