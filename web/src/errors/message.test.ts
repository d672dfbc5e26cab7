import * as Comlink from "comlink";
import { describe, expect, it } from "vitest";
import { errorText, message, MessageError, messageError } from "./message";
import { carryMessages } from "./transfer";

describe("a message", () => {
  it("becomes a sentence of the catalogue", () => {
    expect(errorText(message("ui.viewNotLoaded"))).toBe("This part of the page could not be loaded: check the connection and reload the page.");
  });

  it("loses its full stop where text follows, and keeps it at the end", () => {
    const problem = message("engine.optionSwitch", { option: message("options.flipTitle"), value: "3" });
    expect(errorText(problem)).toMatch(/use true or false\.$/);
    expect(errorText(message("engine.inAddress", { problem }))).toMatch(/use true or false \(in the page's address\)\.$/);
  });

  it("crosses a thread with its parameters", async () => {
    carryMessages();
    const { port1, port2 } = new MessageChannel();
    Comlink.expose({ fail: () => { throw messageError("engine.optionText", { option: "Seed", value: "1" }); }, break: () => { throw new TypeError("odd"); } }, port1);
    const remote = Comlink.wrap<{ fail(): void; break(): void }>(port2);
    const error = await Promise.resolve(remote.fail()).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(MessageError);
    expect((error as MessageError).detail).toEqual(message("engine.optionText", { option: "Seed", value: "1" }));
    expect((error as Error).message).toBe("Seed cannot be 1: use a text.");
    await expect(Promise.resolve(remote.break())).rejects.toThrow("odd");
    port1.close();
    port2.close();
  });
});
