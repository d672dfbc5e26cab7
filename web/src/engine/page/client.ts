/** The page's side of the worker: starts it, and replaces it when it dies. */
import * as Comlink from "comlink";
import { carryMessages } from "../../errors/transfer";
import type { Backend } from "../../generated/protocol";
import type { EngineInfo, WorkerApi, WorkerEvent } from "../shared/protocol";

/** A call that ended because the worker was replaced; what it asked for was not done. */
export class Interrupted extends Error {
  override name = "Interrupted";
}

/** What the client needs of a worker; tests give their own. */
export interface Connection {
  /** Held here for as long as the worker lives: calls in flight hang when a proxy is collected. */
  remote: Comlink.Remote<WorkerApi>;
  listen(events: { told(event: WorkerEvent): void; failed(reason: string): void }): void;
  end(): void;
}

export interface ClientEvents {
  starting(restart: boolean): void;
  ready(info: EngineInfo, surprise: boolean): void;
  progress(event: Extract<WorkerEvent, { event: "progress" }>): void;
  /** The worker died; another one is on its way. */
  replaced(reason: string, from: EngineInfo): void;
  failed(error: Error): void;
  /** Brings a fresh worker to where the old one was, before anything else is asked of it. */
  restore(remote: Comlink.Remote<WorkerApi>): Promise<void>;
}

/** Replacements before the client gives up. */
const MOST_RESTARTS = 4;

interface Session { connection: Connection; info: EngineInfo | null; pending: Set<(error: Error) => void>; over: boolean }

export class Client {
  private session: Session | undefined;
  private ready: Promise<Session> | undefined;
  private restarts = 0;

  constructor(
    private readonly connect: () => Connection,
    private readonly wanted: () => Backend,
    private readonly base: () => string,
    private readonly events: ClientEvents,
  ) {}

  /** Starts the worker, once. */
  start(): Promise<EngineInfo> {
    this.ready ??= this.begin(this.wanted());
    return this.ready.then(({ info }) => info as EngineInfo);
  }

  /** Calls the worker; rejects with {@link Interrupted} when it dies meanwhile. */
  async call<T>(task: (remote: Comlink.Remote<WorkerApi>) => Promise<T>): Promise<T> {
    await this.start();
    return this.through(await (this.ready as Promise<Session>), task);
  }

  private through<T>(session: Session, task: (remote: Comlink.Remote<WorkerApi>) => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (session.over) return reject(new Interrupted("The lab's engine was started anew: please try that again."));
      session.pending.add(reject);
      task(session.connection.remote).then(resolve, reject).finally(() => session.pending.delete(reject));
    });
  }

  /** `why`: of a worker that takes another one's place, the reason for its backend. */
  private async begin(backend: Backend, why?: string): Promise<Session> {
    const { restarts } = this;
    this.events.starting(why !== undefined);
    try {
      return await this.boot(backend, why);
    } catch (error) {
      // It died while it was being restored: its successor, or that there is none, has been announced.
      if (restarts !== this.restarts) throw error;
      // Whatever keeps a GPU from starting, the CPU does not need it.
      if (backend !== "cpu") {
        const fallback = await this.boot("cpu").catch(() => null);
        if (fallback?.info) {
          fallback.info.reason = `WebGPU did not start (${message(error)}), so the lab computes on the CPU.`;
          this.events.ready(fallback.info, true);
          return fallback;
        }
      }
      const failure = error instanceof Error ? error : new Error(String(error));
      this.events.failed(failure);
      throw failure;
    }
  }

  private async boot(backend: Backend, why?: string): Promise<Session> {
    const session: Session = { connection: this.connect(), info: null, pending: new Set(), over: false };
    this.session = session;
    session.connection.listen({
      told: (event) => {
        if (event.event === "progress") this.events.progress(event);
        else this.died(session, event.reason);
      },
      failed: (reason) => this.died(session, reason),
    });
    try {
      const { surprise, ...info } = await this.through(session, (remote) => remote.boot(backend, this.base()));
      session.info = info;
      if (why !== undefined) {
        info.reason = why;
        await this.through(session, async (remote) => this.events.restore(remote));
      }
      this.events.ready(info, surprise);
      return session;
    } catch (error) {
      this.close(session, interrupted(message(error)));
      throw error;
    }
  }

  private close(session: Session, error: Error): void {
    session.over = true;
    session.connection.end();
    for (const reject of session.pending) reject(error);
    session.pending.clear();
  }

  private died(session: Session, words: string): void {
    if (session.over || session !== this.session) return;
    const reason = words.replace(/\.$/, "");
    // A worker that never came up is begin()'s to replace.
    if (!session.info) return this.close(session, new Error(`The lab's engine did not start (${reason}): reload the page.`, { cause: reason }));
    this.close(session, interrupted(reason));
    this.restarts++;
    if (this.restarts > MOST_RESTARTS) {
      const error = new Error(`The lab's engine stopped ${this.restarts} times (${reason}): reload the page to go on from the last saved step.`);
      this.ready = Promise.reject(error);
      this.ready.catch(() => this.events.failed(error));
      return;
    }
    this.events.replaced(reason, session.info);
    this.ready = this.begin("cpu", session.info.backend === "cpu" ? session.info.reason : `WebGPU stopped (${reason}), so the lab computes on the CPU.`);
    // Whoever calls next hears of a failure; failed() has told the visitor.
    this.ready.catch(() => undefined);
  }
}

const interrupted = (reason: string) => new Interrupted(`The lab's engine stopped (${reason}) and was started anew: please try that again.`);

/** For the middle of a sentence: of a worker that died, only what it died of. */
function message(error: unknown): string {
  const words = error instanceof Error ? (typeof error.cause === "string" ? error.cause : error.message) : String(error);
  return words.replace(/\.$/, "");
}

carryMessages();

/** Starts the real worker. */
export function connectWorker(): Connection {
  const worker = new Worker(new URL("../worker/worker.ts", import.meta.url), { type: "module", name: "alexnet-lab" });
  return {
    remote: Comlink.wrap<WorkerApi>(worker),
    listen({ told, failed }) {
      worker.addEventListener("message", ({ data }: MessageEvent<Partial<WorkerEvent> | null>) => {
        if (data?.event) told(data as WorkerEvent);
      });
      worker.addEventListener("error", (event) => failed(event.message || "its script could not be loaded"));
      worker.addEventListener("messageerror", () => failed("a message could not be read"));
    },
    end: () => worker.terminate(),
  };
}
