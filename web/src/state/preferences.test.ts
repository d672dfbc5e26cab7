import { afterEach, expect, it, vi } from "vitest";
import { remember, remembered } from "./preferences";

afterEach(() => vi.unstubAllGlobals());

it("keeps a choice until it is taken back", () => {
  const kept = new Map<string, string>();
  vi.stubGlobal("localStorage", {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
    removeItem: (key: string) => kept.delete(key),
  });
  expect(remembered("theme")).toBeNull();
  remember("theme", "dark");
  expect(remembered("theme")).toBe("dark");
  remember("theme", null);
  expect(remembered("theme")).toBeNull();
});

it("does without a storage that is closed", () => {
  const closed = () => {
    throw new DOMException("The operation is insecure.", "SecurityError");
  };
  vi.stubGlobal("localStorage", { getItem: closed, setItem: closed, removeItem: closed });
  expect(() => remember("theme", "dark")).not.toThrow();
  expect(remembered("theme")).toBeNull();
});
