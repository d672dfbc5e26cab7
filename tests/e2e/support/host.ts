/** A server with the built site, and beside it files that can go wrong on their way. */
import { existsSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { expect } from "@playwright/test";
import sirv from "sirv";

export const SITE = process.env["SITE_FOLDER"] ?? fileURLToPath(new URL("../../../web/dist", import.meta.url));

/** A file under `/files/`. */
export interface Served {
  body: Buffer;
  type?: string;
  etag?: string;
  status?: number;
  /** Lets pages of other origins read it. */
  cors?: boolean;
  /** After how many bytes each of the next answers falls silent, until {@link Host.cut}. */
  stalls?: number[];
}

export class Host {
  private readonly server: Server;
  private silent: ServerResponse | undefined;
  readonly files = new Map<string, Served>();
  /** `range` and `if-range` of every request for a file. */
  readonly asked: (string | undefined)[][] = [];

  constructor() {
    expect(existsSync(`${SITE}/index.html`), `the built site is not in ${SITE}`).toBe(true);
    const site = sirv(SITE, { etag: true });
    this.server = createServer((request, response) => {
      const name = /^\/files\/([^?]+)/.exec(request.url ?? "")?.[1];
      const served = name === undefined ? undefined : this.files.get(decodeURIComponent(name));
      if (served) return this.send(served, request, response);
      if (name === undefined) return site(request, response, () => void response.writeHead(404).end());
      this.asked.push([]);
      response.writeHead(404).end();
    });
  }

  async start(): Promise<void> {
    await new Promise<void>((listening) => this.server.listen(0, "127.0.0.1", listening));
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/`;
  }

  /** Where a file is. */
  at(name: string): string {
    return new URL(`files/${encodeURIComponent(name)}`, this.url).href;
  }

  /** Breaks the connection that fell silent. */
  cut(): void {
    this.silent?.destroy();
  }

  private send(served: Served, { headers, method }: IncomingMessage, response: ServerResponse): void {
    const { body, type = "application/octet-stream", etag = '"1"', status = 200, cors } = served;
    if (method === "GET") this.asked.push([headers.range, headers["if-range"] as string | undefined]);
    const same = headers["if-range"] === undefined || headers["if-range"] === etag;
    const from = same ? Number(/^bytes=(\d+)-$/.exec(headers.range ?? "")?.[1] ?? 0) : 0;
    const part = body.subarray(from);
    response.writeHead(from > 0 ? 206 : status, {
      "content-type": type, "content-length": part.length, etag, ...(cors ? { "access-control-allow-origin": "*" } : {}),
      ...(from > 0 ? { "content-range": `bytes ${from}-${body.length - 1}/${body.length}` } : {}),
    });
    const stall = served.stalls?.shift();
    if (stall !== undefined) {
      response.write(part.subarray(0, stall));
      this.silent = response;
      return;
    }
    response.end(method === "HEAD" ? undefined : part);
  }
}
