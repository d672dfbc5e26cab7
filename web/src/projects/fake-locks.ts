/** For tests: the browser's locks (`navigator.locks`), as several tabs see them. */

interface Waiting { take: () => void }
type Work = (lock: { name: string } | null) => unknown;
interface Options { ifAvailable?: boolean; steal?: boolean; signal?: AbortSignal }

export class FakeLocks {
  private readonly held = new Map<string, (reason: Error) => void>();
  private readonly queues = new Map<string, Waiting[]>();

  request = (name: string, options: Options | Work, work?: Work): Promise<unknown> => {
    const [{ ifAvailable, steal, signal }, task] = typeof options === "function" ? [{} as Options, options] : [options, work as Work];
    return new Promise((resolve, reject) => {
      const take = () => {
        this.held.set(name, reject);
        Promise.resolve(task({ name })).then(resolve, reject).finally(() => this.held.get(name) === reject && this.release(name));
      };
      const holder = this.held.get(name);
      if (!holder) return take();
      if (steal) {
        holder(new DOMException("", "AbortError"));
        return take();
      }
      if (ifAvailable) return void Promise.resolve(task(null)).then(resolve, reject);
      const waiting = { take };
      this.queues.set(name, [...(this.queues.get(name) ?? []), waiting]);
      signal?.addEventListener("abort", () => {
        this.queues.set(name, (this.queues.get(name) ?? []).filter((one) => one !== waiting));
        reject(signal.reason as Error);
      });
    });
  };

  query = async () => ({ held: [...this.held.keys()].map((name) => ({ name })), pending: [] });

  /** Lets a name go, as a closed tab does. */
  release(name: string): void {
    this.held.delete(name);
    const [next, ...rest] = this.queues.get(name) ?? [];
    this.queues.set(name, rest);
    next?.take();
  }
}
