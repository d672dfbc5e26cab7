/** A convolution's filters, outermost dimension first: out, in, height, width. */
export interface Filters {
  count: number;
  channels: number;
  height: number;
  width: number;
  values: Float32Array;
}

/** Largest absolute weight of each filter. */
export function filterStrengths({ count, values }: Filters): number[] {
  const size = count > 0 ? values.length / count : 0;
  return Array.from({ length: count }, (_, f) => {
    let largest = 0;
    for (let i = f * size; i < (f + 1) * size; i++) largest = Math.max(largest, Math.abs(values[i] ?? 0));
    return largest;
  });
}

/**
 * One filter as RGBA pixels: zero is mid-grey, the filter's largest weight full contrast. Three input channels
 * are red, green and blue; of any other number the mean is drawn in grey.
 */
export function filterPixels(filters: Filters, index: number, strength: number): Uint8ClampedArray<ArrayBuffer> {
  const { channels, height, width, values } = filters;
  const plane = height * width;
  const start = index * channels * plane;
  const pixels = new Uint8ClampedArray(plane * 4);
  const level = (weight: number) => 127.5 + (127.5 * weight) / (strength || 1);
  for (let i = 0; i < plane; i++) {
    const at = (channel: number) => values[start + channel * plane + i] ?? 0;
    let mean = 0;
    for (let channel = 0; channel < channels; channel++) mean += at(channel) / channels;
    for (let c = 0; c < 3; c++) pixels[i * 4 + c] = level(channels === 3 ? at(c) : mean);
    pixels[i * 4 + 3] = 255;
  }
  return pixels;
}
