/** A connection to another worker: each sends values and waits for as many messages as it sent. */
export class ArrayPort {
  private readonly arrived: Float32Array[] = [];
  private waiting: ((numbers: Float32Array) => void) | undefined;

  constructor(private readonly port: MessagePort) {
    port.onmessage = ({ data }: MessageEvent<Float32Array>) => {
      const take = this.waiting;
      this.waiting = undefined;
      if (take) take(data);
      else this.arrived.push(data);
    };
  }

  /** Sends these numbers, which are gone then, and gives the other's. */
  exchange(numbers: Float32Array): Promise<Float32Array> {
    this.port.postMessage(numbers, [numbers.buffer]);
    const first = this.arrived.shift();
    return first ? Promise.resolve(first) : new Promise((resolve) => (this.waiting = resolve));
  }
}
