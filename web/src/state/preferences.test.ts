import { afterEach, expect, it, vi } from "vitest";
import { savePreference, loadPreference } from "./preferences";

afterEach(() => vi.unstubAllGlobals());

it("keeps a choice until it is taken back", () => {
  const kept = new Map<string, string>();
  vi.stubGlobal("localStorage", {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
    removeItem: (key: string) => kept.delete(key),
  });
  expect(loadPreference("theme")).toBeNull();
  savePreference("theme", "dark");
  expect(loadPreference("theme")).toBe("dark");
  savePreference("theme", null);
  expect(loadPreference("theme")).toBeNull();
});

it("does without a storage that is closed", () => {
  const closed = () => {
    throw new DOMException("The operation is insecure.", "SecurityError");
  };
  vi.stubGlobal("localStorage", { getItem: closed, setItem: closed, removeItem: closed });
  expect(() => savePreference("theme", "dark")).not.toThrow();
  expect(loadPreference("theme")).toBeNull();
});
