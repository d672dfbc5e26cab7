/** A port to another worker: each side sends arrays and waits for as many arrays as it sent. */
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

  /** Sends an array (it is transferred, so it is empty afterwards) and returns the other side's. */
  exchange(numbers: Float32Array): Promise<Float32Array> {
    this.port.postMessage(numbers, [numbers.buffer]);
    const first = this.arrived.shift();
    return first ? Promise.resolve(first) : new Promise((resolve) => (this.waiting = resolve));
  }
}
