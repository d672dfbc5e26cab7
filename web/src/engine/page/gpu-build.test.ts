import { expect, test } from "vitest";
import { waitForGpuBuild } from "./gpu-build";

/** A server that gives one answer after another, the last one from then on. */
function answers(...bodies: (string | null)[]): { fetchFile: typeof fetch; asked: string[] } {
  const asked: string[] = [];
  const fetchFile = async (url: URL | RequestInfo, init?: RequestInit) => {
    asked.push(`${String(url)} ${init?.cache ?? ""}`);
    const body = bodies[Math.min(asked.length, bodies.length) - 1] ?? null;
    return body === null ? new Response(null, { status: 404 }) : new Response(body);
  };
  return { fetchFile, asked };
}

test("asks without the cache until the build is there", async () => {
  const { fetchFile, asked } = answers('{"gpu":"compiling"}', '{"gpu":"compiling"}', '{"gpu":"ready"}');
  expect(await waitForGpuBuild("http://localhost/lab/", fetchFile, 0)).toBe(true);
  expect(asked).toEqual(Array(3).fill("http://localhost/lab/builds.json no-store"));
});

test("ends where the build failed, or where none goes on", async () => {
  expect(await waitForGpuBuild("http://localhost/", answers('{"gpu":"failed"}').fetchFile, 0)).toBe(false);
  expect(await waitForGpuBuild("http://localhost/", answers(null).fetchFile, 0)).toBe(false);
  expect(await waitForGpuBuild("http://localhost/", (() => Promise.reject(new TypeError("no network"))) as typeof fetch, 0)).toBe(false);
});
