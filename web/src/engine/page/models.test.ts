import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Remote } from "comlink";
import { errorText } from "../../errors/message";
import type { ModelInfo } from "../../generated/protocol";
import { modelState } from "../../state/model.svelte";
import type { PublishedModel, DownloadedModel, WorkerApi } from "../shared/protocol";
import type { Client } from "./client";
import { Models } from "./models";

const info = { classes: 2 } as unknown as ModelInfo;
const listed: PublishedModel = { name: "A listed network", url: "https://lab.example/net.pth", bytes: 9, sha256: "ab", dataset: "Tests", classes: 2, top1: 0.5, top5: 1, publisher: "the test", licence: "None", origin: "The test." };
const remote = {
  importFile: vi.fn(async () => info),
  loadModel: vi.fn(async () => info),
  loadModelFromUrl: vi.fn(async () => ({ info, cached: false })),
  useRun: vi.fn(async () => info),
  exportModel: vi.fn(async () => new Uint8Array(3)),
  deleteModelFiles: vi.fn(async () => undefined),
};
const worker = remote as unknown as Remote<WorkerApi>;
const client = { call: (task: (remote: typeof worker) => unknown) => task(worker) } as unknown as Client;
const page = { model: "" };
const models = () => new Models(client, () => "https://page.example/lab/", page);

beforeEach(() => {
  Object.assign(modelState, { status: "absent", info: null, name: "", source: null, progress: null, problem: "", stoppable: false });
  page.model = "";
  vi.clearAllMocks();
  const files: Record<string, unknown> = { "models/index.json": [{ file: "own.safetensors", name: "Own" }], "generated/weights.json": [listed] };
  vi.stubGlobal("fetch", async (url: URL) => new Response(JSON.stringify(files[url.href.replace("https://page.example/lab/", "")]), { headers: { "content-type": "application/json" } }));
});

it("gives a fresh worker the model in use", async () => {
  const own = models();
  await own.restore(worker);
  expect(remote.importFile).not.toHaveBeenCalled();
  await own.import(new Blob(["weights"]), "mine");
  remote.importFile.mockClear();
  await own.restore(worker);
  expect(remote.importFile).toHaveBeenCalledOnce();
  expect(modelState).toMatchObject({ status: "ready", info, name: "mine" });
});

it("has no model any more where a fresh worker cannot be given it", async () => {
  const own = models();
  await own.import(new Blob(["weights"]), "mine");
  remote.importFile.mockRejectedValueOnce(new Error("The model could not be fetched: check the connection."));
  await expect(own.restore(worker)).rejects.toThrow("check the connection");
  expect(modelState).toMatchObject({ status: "failed", info: null, problem: "The model could not be fetched: check the connection." });
});

describe("the page's address", () => {
  const url = "https://lab.example/other.pth";

  it("names the file in use for as long as that is one of the web", async () => {
    const own = models();
    await own.useUrl(url);
    expect(page.model).toBe(url);
    await own.useShipped();
    expect(page.model).toBe("");
    await own.useUrl(url);
    await own.import(new Blob(["weights"]), "mine");
    expect(page.model).toBe("");
    await own.useUrl(url);
    await own.useRun(0);
    expect(page.model).toBe("");
  });

  it("keeps what it names where another cannot be used", async () => {
    page.model = "files/net.pth";
    const own = models();
    await own.ensure();
    expect(remote.loadModelFromUrl).toHaveBeenCalledWith("https://page.example/lab/files/net.pth", {}, [listed]);
    expect(page.model).toBe("https://page.example/lab/files/net.pth");
    remote.loadModelFromUrl.mockRejectedValueOnce(new Error("The model is not there."));
    await expect(own.useUrl(url)).rejects.toThrow("not there");
    expect(page.model).toBe("https://page.example/lab/files/net.pth");
  });

  it("no longer names a file that was removed from this device, however it is spelt", async () => {
    const own = models();
    await own.useUrl(url);
    const stored = (key: string, url: string) => ({ key, url }) as DownloadedModel;
    await own.forget([stored("1", "https://lab.example/third.pth")]);
    expect(page.model).toBe(url);
    await own.forget([stored("1", "https://lab.example/third.pth"), stored("2", url)]);
    expect(remote.deleteModelFiles).toHaveBeenLastCalledWith(["1", "2"]);
    expect(page.model).toBe("");
    expect(modelState).toMatchObject({ status: "ready", source: "address" });
    page.model = "files/net.pth";
    await own.forget([stored("3", "https://page.example/lab/files/net.pth")]);
    expect(page.model).toBe("");
  });
});

it("waits for the choice under way where there is no model yet, whatever the page's address names", async () => {
  page.model = "nowhere.pth";
  remote.loadModelFromUrl.mockRejectedValueOnce(new Error("The model is not there."));
  const own = models();
  await expect(own.ensure()).rejects.toThrow("not there");
  const chosen = own.useShipped();
  expect(await own.ensure()).toBe(info);
  await chosen;
  expect(remote.loadModelFromUrl).toHaveBeenCalledOnce();
  expect(modelState.source).toBe("shipped");
});

it("uses what was chosen last, also where an earlier choice takes longer", async () => {
  const own = models();
  let arrive = (): void => undefined;
  remote.loadModel.mockImplementationOnce(() => new Promise((done) => (arrive = () => done(info))));
  const download = own.useShipped();
  await vi.waitFor(() => expect(remote.loadModel).toHaveBeenCalled());
  const trained = own.useRun(0, "trained");
  arrive();
  await Promise.all([download, trained]);
  expect(modelState).toMatchObject({ status: "ready", name: "trained", source: "run" });
});

it("translates the name of the model that this project ships", async () => {
  vi.stubGlobal("fetch", async () => new Response(JSON.stringify([{ file: "alexnet-64.safetensors", name: "AlexNet 64, 200 classes" }]), { headers: { "content-type": "application/json" } }));
  await models().useShipped();
  expect(modelState.name).toMatchObject({ code: "engine.nameWithClasses", params: { network: "AlexNet 64", count: 200 } });
  expect(errorText(modelState.name)).toBe("AlexNet 64, 200 classes.");
});

describe("an address that was typed", () => {
  it.each([
    ["example.org/alexnet.pth", "https://example.org/alexnet.pth"],
    [" weights.example.org:8443/a/b.pth ", "https://weights.example.org:8443/a/b.pth"],
    ["http://example.org/alexnet.pth", "http://example.org/alexnet.pth"],
    ["alexnet.pth", "https://page.example/lab/alexnet.pth"],
    ["./v1.5/alexnet.pth", "https://page.example/lab/v1.5/alexnet.pth"],
    ["v1.5/alexnet.pth", "https://page.example/lab/v1.5/alexnet.pth"],
  ])("%s is %s", async (typed, url) => {
    await models().useUrl(typed);
    expect(remote.loadModelFromUrl).toHaveBeenCalledWith(url, {}, [listed]);
  });

  it("of a published file brings what is known of that", async () => {
    await models().useUrl("lab.example/net.pth");
    expect(remote.loadModelFromUrl).toHaveBeenCalledWith(listed.url, listed, [listed]);
    expect(modelState.name).toBe("A listed network");
  });

  it("is refused before anything is fetched where it is no address, or one of an ONNX file", async () => {
    await expect(models().useUrl("ftp://example.org/net.pth")).rejects.toThrow("“ftp://example.org/net.pth” is not the address of a file on the web: it should look like https://example.org/alexnet.safetensors.");
    await expect(models().useUrl("https://example.org/net.onnx?raw")).rejects.toThrow("This page writes ONNX files but does not read them: import the network as .safetensors, .pth (PyTorch) or .alexnet.");
    expect(remote.loadModelFromUrl).not.toHaveBeenCalled();
  });
});

it("says where a file belongs that is no network, and takes one whatever its name", async () => {
  const refused = async (name: string) => {
    remote.importFile.mockRejectedValueOnce(new Error("This is not a model file but something else."));
    return models().import(new Blob(["?"]), name).catch((error: Error) => error.message);
  };
  expect(await refused("net.onnx")).toBe("This page writes ONNX files but does not read them: import the network as .safetensors, .pth (PyTorch) or .alexnet.");
  expect(await refused("garden.zip")).toMatch(/Your pictures/);
  expect(errorText(modelState.problem)).toMatch(/Your pictures/);
  expect(await refused("net.pth")).toBe("This is not a model file but something else.");
  await models().import(new Blob(["weights"]), "garden.zip");
  expect(modelState).toMatchObject({ status: "ready", name: "garden.zip" });
});
