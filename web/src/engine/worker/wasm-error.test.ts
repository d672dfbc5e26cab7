import { expect, it } from "vitest";
import { message, MessageError, messageError } from "../../errors/message";
import { fromWasm } from "./wasm-error";

it("makes a message of an error with a code", () => {
  const thrown = Object.assign(new Error("English"), message("engine.photoTooLarge", { size: "3", most: "2" }));
  const error = fromWasm(thrown);
  expect(error).toBeInstanceOf(MessageError);
  expect((error as MessageError).detail).toEqual(message("engine.photoTooLarge", { size: "3", most: "2" }));
  expect(error.cause).toBe(thrown);
});

it("leaves other errors as they are", () => {
  const known = messageError("engine.noRun");
  expect(fromWasm(known)).toBe(known);
  const trap = new RangeError("unreachable");
  expect(fromWasm(trap)).toBe(trap);
  expect(fromWasm("text").message).toBe("text");
});
