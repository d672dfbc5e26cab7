import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { beforeEach, describe, expect, it } from "vitest";
import { download, hashInName, type DownloadProgress, type DownloadEnvironment, type Wanted } from "./download";
import { urlFileName } from "../shared/url-file-name";
import { MemorySink } from "./model-store";

const FILE = Uint8Array.from({ length: 1000 }, (_, i) => (i * 7) % 251);
const HASH = bytesToHex(sha256(FILE));
const wanted: Wanted = { url: "https://lab.example/models/alexnet.pth", name: "alexnet.pth" };

/** A server of one file: each request is answered by the next of `answers`. */
type Answer = (headers: Headers, init: RequestInit) => Response | Promise<Response>;
let answers: Answer[];
let requests: Headers[];
let waits: number[];
let sink: MemorySink;
let around: DownloadEnvironment;
let stop: AbortController;

beforeEach(() => {
  [answers, requests, waits, sink, stop] = [[], [], [], new MemorySink(), new AbortController()];
  around = {
    fetch: async (_, init) => {
      const headers = new Headers(init.headers);
      requests.push(headers);
      const answer = answers.shift();
      if (!answer) throw new TypeError("Failed to fetch");
      return answer(headers, init);
    },
    wait: async (milliseconds) => void waits.push(milliseconds),
    now: () => 0,
    online: () => true,
    room: async () => undefined,
    origin: "https://lab.example",
  };
});

/** A body that fails after these bytes. */
function breaking(bytes: Uint8Array): ReadableStream<Uint8Array> {
  let sent = false;
  return new ReadableStream({
    pull(controller) {
      if (sent) controller.error(new TypeError("network error"));
      else controller.enqueue(bytes);
      sent = true;
    },
  });
}

const headers = (from: number, extra: Record<string, string> = {}) => ({
  "content-length": String(FILE.length - from), etag: '"v1"', ...(from > 0 ? { "content-range": `bytes ${from}-${FILE.length - 1}/${FILE.length}` } : {}), ...extra,
});
const whole: Answer = () => new Response(FILE, { headers: headers(0) });
const broken = (bytes: number): Answer => () => new Response(breaking(FILE.slice(0, bytes)), { headers: headers(0) });
/** The part that was asked for. */
const rest = (extra: Record<string, string> = {}): Answer => (asked) => {
  const from = Number(/^bytes=(\d+)-$/.exec(asked.get("range") ?? "")?.[1]);
  return new Response(FILE.slice(from), { status: 206, headers: headers(from, extra) });
};
const offline: Answer = () => Promise.reject(new TypeError("Failed to fetch"));
const run = (what: Partial<Wanted> = {}, report: (progress: DownloadProgress) => void = () => undefined) => download({ ...wanted, ...what }, sink, stop.signal, report, around);
const bytes = async () => new Uint8Array(await sink.blob().arrayBuffer());

it("fills the sink, reports bytes and gives the hash", async () => {
  answers = [whole];
  const seen: DownloadProgress[] = [];
  expect(await run({}, (progress) => seen.push(progress))).toBe(HASH);
  expect(seen.at(-1)).toMatchObject({ loaded: 1000, total: 1000 });
  expect(await bytes()).toEqual(FILE);
});

describe("a download that breaks off", () => {
  it("goes on from there, on condition that the file is the same", async () => {
    answers = [broken(300), offline, rest()];
    expect(await run()).toBe(HASH);
    expect(requests.map((one) => [one.get("range"), one.get("if-range")])).toEqual([[null, null], ["bytes=300-", '"v1"'], ["bytes=300-", '"v1"']]);
    expect(waits.length).toBe(2);
    expect(await bytes()).toEqual(FILE);
  });

  it("goes on in another visit, and the hash is of all of it", async () => {
    answers = [broken(300), offline, offline, offline];
    await expect(run()).rejects.toThrow("The download of “alexnet.pth” broke off at 0.0 MB of 0.0 MB: check the connection and start it again to continue from there.");
    expect(sink.size).toBe(300);
    answers = [rest()];
    expect(await run()).toBe(HASH);
  });

  it.each<[string, Answer]>([
    ["another ETag", rest({ etag: '"v2"' })],
    ["another date", rest({ "last-modified": "Tue, 24 Nov 2026 10:00:00 GMT" })],
    ["another size", rest({ "content-range": "bytes 300-1999/2000" })],
    ["another part", rest({ "content-range": "bytes 0-999/1000" })],
    ["no such part", () => new Response(null, { status: 416 })],
    ["the whole file, since it is another", whole],
  ])("begins anew where the server answers with %s", async (_, answer) => {
    const first: Answer = () => new Response(breaking(new Uint8Array(300)), { headers: headers(0, { "last-modified": "Mon, 23 Nov 2026 10:00:00 GMT" }) });
    answers = [first, answer, whole];
    expect(await run()).toBe(HASH);
    expect(await bytes()).toEqual(FILE);
  });

  it("asks a foreign server without a condition, and for the whole where it refuses a part", async () => {
    around.origin = "https://other.example";
    answers = [broken(300), offline, whole];
    expect(await run()).toBe(HASH);
    expect(requests.map((one) => [one.get("range"), one.get("if-range")])).toEqual([[null, null], ["bytes=300-", null], [null, null]]);
  });

  it("takes a file that ends early for one", async () => {
    answers = [() => new Response(FILE.slice(0, 300), { headers: headers(0) }), rest()];
    expect(await run()).toBe(HASH);
  });
});

describe("says in a sentence", () => {
  it.each<[string, Answer[], string]>([
    ["a file that is not there", [() => new Response("", { status: 404 })], "The model is not there: the server answered with status 404 for /models/alexnet.pth."],
    ["a web page", [() => new Response("<html>", { headers: { "content-type": "text/html; charset=utf-8" } })], "The model is not there: the server answered with a web page for /models/alexnet.pth."],
    ["a server in trouble", [() => new Response("", { status: 503 }), () => new Response("", { status: 503 })], "The model could not be downloaded: lab.example answered with status 503. Try again later."],
    ["a server out of reach", [], "“alexnet.pth” could not be downloaded: lab.example did not answer. Check the address and the connection, then try again."],
    ["a file far too large", [() => new Response("", { headers: { "content-length": "5000000000" } })], "“alexnet.pth” has 5,000 MB, far more than an AlexNet: choose another file."],
  ])("%s", async (_, list, sentence) => {
    answers = list;
    await expect(run()).rejects.toThrow(sentence);
  });

  it("a device that is offline", async () => {
    around.online = () => false;
    await expect(run()).rejects.toThrow("“alexnet.pth” could not be downloaded: this device is offline. Connect it and try again.");
  });

  it("a server that refuses other pages", async () => {
    around.origin = "https://other.example";
    const fetch = around.fetch;
    around.fetch = (url, init) => (init.mode === "no-cors" ? Promise.resolve(new Response()) : fetch(url, init));
    await expect(run()).rejects.toThrow("“alexnet.pth” could not be read from lab.example: either it is not there, or that server does not let other pages read it (no CORS). Open the address in a tab of its own; if the browser saves the file, import that file here.");
  });

  it("a browser without room for the whole", async () => {
    answers = [whole];
    around.room = async () => 10;
    await expect(run()).rejects.toThrow("There is no room for “alexnet.pth” (0.0 MB) in what this browser lets the page store: delete files under “On this device”, or save the file with the browser and import it here.");
    expect(sink.size).toBe(0);
  });

  it("a file that is not the published one, and throws it away", async () => {
    answers = [whole];
    await expect(run({ sha256: "7be5be79" })).rejects.toThrow(`“alexnet.pth” is not the published file (its SHA-256 begins with ${HASH.slice(0, 8)}, not 7be5be79), so it was deleted`);
    expect(sink.size).toBe(0);
    answers = [whole];
    await expect(run({ url: "https://lab.example/alexnet-owt-7be5be79.pth" })).rejects.toThrow("not 7be5be79");
    answers = [whole];
    expect(await run({ sha256: HASH.slice(0, 12).toUpperCase() })).toBe(HASH);
  });

  it("a stop, and keeps what has arrived", async () => {
    answers = [(_, { signal }) => new Response(new ReadableStream<Uint8Array>({
      start(controller) {
        signal?.addEventListener("abort", () => controller.error(signal.reason));
        controller.enqueue(FILE.slice(0, 300));
      },
    }), { headers: headers(0) })];
    const stopped = run({}, () => stop.abort());
    await expect(stopped).rejects.toMatchObject({ name: "Stopped", message: "The download of “alexnet.pth” was stopped at 0.0 MB of 0.0 MB: start it again to continue from there." });
    expect(sink.size).toBe(300);
  });
});

it("reads a hash and a name from an address", () => {
  expect(hashInName("https://download.pytorch.org/models/alexnet-owt-7be5be79.pth")).toBe("7be5be79");
  expect(hashInName("https://lab.example/alexnet-224.safetensors")).toBeUndefined();
  expect(urlFileName("https://lab.example/a/my%20net.pth?download=true")).toBe("my net.pth");
  expect(urlFileName("https://lab.example/")).toBe("lab.example");
});
