/** What a file is by its name, and which view takes it. */
import { isPicture } from "../projects/names";
import type { View } from "./url";

const NETWORK = /\.(safetensors|pth|pt|alexnet)$/i;
const ARCHIVE = /\.zip$/i;
export const isOnnx = (name: string): boolean => /\.onnx$/i.test(name);
export const NO_ONNX = "ONNX files are written here, not read: bring the network as safetensors, PyTorch's .pth or .alexnet.";

/** The sentence for a file that was given to a view which does not take its kind; null where the name tells nothing. */
export function wrongViewMessage(name: string, view: View): string | null {
  if (isOnnx(name)) return NO_ONNX;
  if (view === "models") {
    if (ARCHIVE.test(name)) return "This is an archive, not a network: drop projects and pictures in folders on Your pictures, and unpack any other.";
    return isPicture(name) ? "This is a picture, not a network: drop it on Classify." : null;
  }
  if (NETWORK.test(name)) return `This is a network's file, not a ${view === "studio" ? "picture" : "photo"}: drop it on Models.`;
  if (view === "classify" && ARCHIVE.test(name)) return "This is an archive, not a photo: drop it on Your pictures, which takes projects and pictures in folders.";
  return null;
}
