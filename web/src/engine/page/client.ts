/** The page's side of the worker: starts it, and replaces it when it dies. */
import * as Comlink from "comlink";
import { message, messageError, messageOf, MessageError, type Message } from "../../errors/message";
import { carryMessages } from "../../errors/transfer";
import type { Backend } from "../../generated/protocol";
import type { EngineInfo, WorkerApi, WorkerEvent } from "../shared/protocol";
import workerUrl from "../worker/worker?worker&url";
import { startWorker } from "./start-worker";

/** A call that failed because the worker was replaced; the worker did not complete it. */
export class Interrupted extends MessageError {
  override name = "Interrupted";
}

/** What the client needs of a worker; tests give their own. */
export interface Connection {
  /** Referenced for as long as the worker lives: calls in flight never end when the proxy is garbage-collected. */
  remote: Comlink.Remote<WorkerApi>;
  listen(events: { told(event: WorkerEvent): void; failed(reason: Message | string): void }): void;
  end(): void;
}

export interface ClientEvents {
  starting(restart: boolean): void;
  /** `unexpected`: the backend is not the one that the page's address asks for. */
  ready(info: EngineInfo, unexpected: boolean): void;
  progress(event: Extract<WorkerEvent, { event: "progress" }>): void;
  /** The worker died; another one is being started. */
  replaced(reason: Message | string, from: EngineInfo): void;
  failed(error: Error): void;
  /** Gives a fresh worker the state of the old one, before any other call. */
  restore(remote: Comlink.Remote<WorkerApi>): Promise<void>;
}

/** Replacements before the client gives up. */
const MOST_RESTARTS = 4;

interface Session { connection: Connection; info: EngineInfo | null; pending: Set<(error: Error) => void>; over: boolean }

export class Client {
  private session: Session | undefined;
  private ready: Promise<Session> | undefined;
  private restarts = 0;
  /** There is no worker and none is being started. */
  private failed = false;
  /** A worker has run: a fresh one is given its state. */
  private ran = false;

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

  /** Starts the worker again after it could not start or stopped too often; what the last one held is restored. */
  retry(): Promise<EngineInfo> {
    if (this.failed) {
      this.failed = false;
      this.restarts = 0;
      this.ready = this.ran ? this.begin("cpu", message("engine.reasonStartedAgain")) : this.begin(this.wanted());
      this.ready.catch(() => undefined);
    }
    return this.start();
  }

  /** Calls the worker; rejects with {@link Interrupted} when it dies meanwhile. */
  async call<T>(task: (remote: Comlink.Remote<WorkerApi>) => Promise<T>): Promise<T> {
    await this.start();
    return this.through(await (this.ready as Promise<Session>), task);
  }

  private through<T>(session: Session, task: (remote: Comlink.Remote<WorkerApi>) => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (session.over) return reject(new Interrupted(message("engine.engineRestarted")));
      session.pending.add(reject);
      task(session.connection.remote).then(resolve, reject).finally(() => session.pending.delete(reject));
    });
  }

  /** `why`: for a worker that replaces another one, the reason for its backend. */
  private async begin(backend: Backend, why?: Message): Promise<Session> {
    const { restarts } = this;
    this.events.starting(why !== undefined);
    try {
      return await this.boot(backend, why);
    } catch (error) {
      // It died while it was being restored: its replacement, or that there is none, was reported already.
      if (restarts !== this.restarts) throw error;
      // Whatever keeps a GPU from starting, the CPU does not need it.
      if (backend !== "cpu") {
        const fallback = await this.boot("cpu").catch(() => null);
        if (fallback?.info) {
          fallback.info.reason = message("engine.reasonWebGpuFailed", { reason: reasonOf(error) });
          this.events.ready(fallback.info, true);
          return fallback;
        }
      }
      const failure = error instanceof Error ? error : new Error(String(error));
      this.failed = true;
      this.events.failed(failure);
      throw failure;
    }
  }

  private async boot(backend: Backend, why?: Message): Promise<Session> {
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
      const { unexpected, ...info } = await this.through(session, (remote) => remote.boot(backend, this.base()));
      session.info = info;
      if (why !== undefined) {
        info.reason = why;
        await this.through(session, async (remote) => this.events.restore(remote));
      }
      this.ran = true;
      this.events.ready(info, unexpected);
      return session;
    } catch (error) {
      this.close(session, interrupted(reasonOf(error)));
      throw error;
    }
  }

  private close(session: Session, error: Error): void {
    session.over = true;
    session.connection.end();
    for (const reject of session.pending) reject(error);
    session.pending.clear();
  }

  private died(session: Session, said: Message | string): void {
    if (session.over || session !== this.session) return;
    const reason = withoutStop(said);
    // A worker that never came up is begin()'s to replace.
    if (!session.info) return this.close(session, new DidNotStart(reason));
    this.close(session, interrupted(reason));
    this.restarts++;
    if (this.restarts > MOST_RESTARTS) {
      const error = messageError("engine.engineStoppedOften", { count: this.restarts, reason });
      this.failed = true;
      this.ready = Promise.reject(error);
      this.ready.catch(() => this.events.failed(error));
      return;
    }
    this.events.replaced(reason, session.info);
    this.ready = this.begin("cpu", session.info.backend === "cpu" ? session.info.reason : message("engine.reasonWebGpuStopped", { reason }));
    // The next call rejects with the failure; the visitor was told by failed().
    this.ready.catch(() => undefined);
  }
}

const interrupted = (reason: Message | string) => new Interrupted(message("engine.engineInterrupted", { reason }));

/** A worker that died before it had started. */
class DidNotStart extends MessageError {
  constructor(readonly reason: Message | string) {
    super(message("engine.engineDidNotStart", { reason }));
  }
}

/** For the middle of a sentence: a plain text loses its full stop (a message does when it is inserted). */
const withoutStop = (said: Message | string): Message | string => (typeof said === "string" ? said.replace(/\.$/, "") : said);

/** The reason inside an error; of a worker that did not start, only why it died. */
const reasonOf = (error: unknown): Message | string => (error instanceof DidNotStart ? error.reason : withoutStop(messageOf(error)));

carryMessages();

/** Starts the real worker. */
export function connectWorker(): Connection {
  const worker = startWorker(workerUrl, "alexnet-lab");
  return {
    remote: Comlink.wrap<WorkerApi>(worker),
    listen({ told, failed }) {
      worker.addEventListener("message", ({ data }: MessageEvent<Partial<WorkerEvent> | null>) => {
        if (data?.event) told(data as WorkerEvent);
      });
      worker.addEventListener("error", (event) => failed(event.message || message("engine.failureScript")));
      worker.addEventListener("messageerror", () => failed(message("engine.failureUnreadableMessage")));
    },
    end: () => worker.terminate(),
  };
}
