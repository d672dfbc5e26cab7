/** What a file is by its name, and which view takes it. */
import { message, type Message } from "../errors/message";
import { isPicture } from "../projects/names";
import type { View } from "./url";

const NETWORK = /\.(safetensors|pth|pt|alexnet)$/i;
const ARCHIVE = /\.zip$/i;
export const isOnnx = (name: string): boolean => /\.onnx$/i.test(name);

/** The message for a file that a view does not take; null where the name does not tell. */
export function wrongViewMessage(name: string, view: View): Message | null {
  if (isOnnx(name)) return message("engine.onnxNotRead");
  if (view === "models") {
    if (ARCHIVE.test(name)) return message("engine.archiveNotNetwork");
    return isPicture(name) ? message("engine.pictureNotNetwork") : null;
  }
  if (NETWORK.test(name)) return message("engine.networkNotPhoto");
  if (view === "classify" && ARCHIVE.test(name)) return message("engine.archiveNotPhoto");
  return null;
}
