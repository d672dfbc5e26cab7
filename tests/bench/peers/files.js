// What the page under test exported for its peers.

const fetched = async (name) => {
  const response = await fetch(`files/${name}`);
  if (!response.ok) throw new Error(`${name} is not there (${response.status})`);
  return response.arrayBuffer();
};

export const floats = async (name) => new Float32Array(await fetched(name));

/** The tensors of a safetensors file in single precision, by name: shape and values. */
export async function safetensors(name) {
  const file = await fetched(name);
  const length = Number(new DataView(file).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(file, 8, length)));
  const tensors = Object.entries(header).filter(([key]) => key !== "__metadata__");
  return new Map(tensors.map(([key, { dtype, shape, data_offsets: [from, to] }]) => {
    if (dtype !== "F32") throw new Error(`${key} is ${dtype}`);
    return [key, { shape, values: new Float32Array(file.slice(8 + length + from, 8 + length + to)) }];
  }));
}
