import * as Comlink from "comlink";
import { describe, expect, it } from "vitest";
import de from "../../../messages/de/rust.json";
import en from "../../../messages/en/rust.json";
import es from "../../../messages/es/rust.json";
import zh from "../../../messages/zh/rust.json";
import { parameters } from "../../../build/catalogue.mjs";
import { messageError, MessageError, sentence } from "../../errors/message";
import { carryMessages } from "../../errors/transfer";
import type { RustMessage } from "../shared/wasm-types";
import { fromRust, fromWasm } from "./rust-error";

/** An error as crate/wasm throws it. */
const thrown = (english: string, message: RustMessage) => Object.assign(new Error(english), message);

const broken: RustMessage = {
  code: "skippedUnreadable",
  params: { path: "a/1.jpg", reason: { code: "dataBroken", params: { format: "PNG", reason: { code: "causeText", params: { text: "bad filter" } } } } },
};

describe("a message from Rust", () => {
  it("becomes the sentence that Rust itself says", () => {
    expect(sentence(fromRust(broken))).toBe("a/1.jpg: The PNG image is damaged (bad filter): download or export it again.");
  });

  it("takes the titles of options from their own file", () => {
    const error: RustMessage = { code: "optionNumber", params: { option: { code: "options.dropoutTitle", params: {} }, value: "1.5", min: 0, max: 0.95 } };
    expect(sentence(fromRust(error))).toBe("Dropout cannot be 1.5: use a number from 0 to 0.95.");
  });

  it("crosses a thread as an error", async () => {
    carryMessages();
    const { port1, port2 } = new MessageChannel();
    Comlink.expose({ fail: () => { throw fromWasm(thrown("The file is empty.", { code: "formatEmpty", params: {} })); } }, port1);
    const error = await Promise.resolve(Comlink.wrap<{ fail(): void }>(port2).fail()).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(MessageError);
    expect((error as MessageError).detail).toEqual({ code: "rust.formatEmpty", params: {} });
    expect((error as Error).message).toBe("The model file is empty: download or export it again.");
    port1.close();
    port2.close();
  });

  it("leaves panics and errors of callbacks as they are", () => {
    const panic = new WebAssembly.RuntimeError("unreachable");
    const refused = messageError("ui.viewNotLoaded");
    expect(fromWasm(panic)).toBe(panic);
    expect(fromWasm(refused)).toBe(refused);
    expect(fromWasm("odd").message).toBe("odd");
  });

  it("gets the reason why a shard could not be fetched", () => {
    const error = thrown("", { code: "dataLoad", params: { file: "0.bin", reason: { code: "causeUnknown", params: {} } } });
    expect(fromWasm(error, new Error("offline")).message).toBe("The data set's file “0.bin” could not be loaded (offline): check the connection and try again.");
    expect(fromWasm(error).message).toContain("(no reason was given)");
  });
});

describe.each([["de", de], ["es", es], ["zh", zh]])("rust.json in %s", (_, translated: Record<string, string>) => {
  it("has every message with the same parameters", () => {
    expect(Object.keys(translated).sort()).toEqual(Object.keys(en).sort());
    for (const [key, text] of Object.entries(en)) {
      const names = (of: string) => [...parameters(of).keys()].sort();
      expect(names(translated[key] ?? ""), key).toEqual(names(text));
    }
  });
});
