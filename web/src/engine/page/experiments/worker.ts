/** A worker of the experiments, as the page sees it. */
import * as Comlink from "comlink";
import { message, MessageError, type Message } from "../../../errors/message";
import { carryMessages } from "../../../errors/transfer";
import type { RunReport } from "../../../generated/protocol";
import type { ExperimentEvent, ExperimentWorkerApi } from "../../shared/experiments";
import workerUrl from "../../worker/experiment-worker?worker&url";
import { startWorker } from "../start-worker";

/** What the pool needs of a worker; tests give their own. */
export interface ExperimentConnection {
  /** Referenced for as long as the worker lives: calls in flight never end when the proxy is garbage-collected. */
  remote: Comlink.Remote<ExperimentWorkerApi>;
  listen(events: { told(event: ExperimentEvent): void; failed(reason: Message | string): void }): void;
  end(): void;
}

/** The worker ended before it answered. Another one can do the same. */
export class WorkerEnded extends MessageError {
  override name = "WorkerEnded";
}

/** A worker with its calls in flight: they reject when it ends. */
export class Member {
  onReport: (report: RunReport) => void = () => undefined;
  ended = false;
  private readonly pending = new Set<(error: Error) => void>();

  constructor(private readonly connection: ExperimentConnection, onProgress: (loaded: number, total: number | undefined) => void) {
    connection.listen({
      told: (event) => {
        if (event.event === "report") this.onReport(event.report);
        else if (event.event === "progress") onProgress(event.loaded, event.total);
        else this.end(event.reason);
      },
      failed: (reason) => this.end(reason),
    });
  }

  call<T>(task: (remote: Comlink.Remote<ExperimentWorkerApi>) => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.ended) return reject(new WorkerEnded(message("engine.engineRestarted")));
      this.pending.add(reject);
      task(this.connection.remote).then(resolve, reject).finally(() => this.pending.delete(reject));
    });
  }

  /** Ends the worker; its memory goes back to the system. */
  end(reason: Message | string = message("engine.engineRestarted")): void {
    if (this.ended) return;
    this.ended = true;
    this.connection.end();
    const error = new WorkerEnded(message("engine.engineInterrupted", { reason: typeof reason === "string" ? reason.replace(/\.$/, "") : reason }));
    for (const reject of this.pending) reject(error);
    this.pending.clear();
  }
}

carryMessages();

/** Starts a real worker. */
export function connectExperimentWorker(): ExperimentConnection {
  const worker = startWorker(workerUrl, "alexnet-experiment");
  return {
    remote: Comlink.wrap<ExperimentWorkerApi>(worker),
    listen({ told, failed }) {
      worker.addEventListener("message", ({ data }: MessageEvent<Partial<ExperimentEvent> | null>) => {
        if (data?.event) told(data as ExperimentEvent);
      });
      worker.addEventListener("error", (event) => failed(event.message || message("engine.failureScript")));
      worker.addEventListener("messageerror", () => failed(message("engine.failureUnreadableMessage")));
    },
    end: () => worker.terminate(),
  };
}
