/** Saves files. */
import type { ExportFormat } from "../engine/shared/protocol";
import type { ModelInfo } from "../generated/protocol";

/** `alexnet-64-200-classes.safetensors` */
export function modelFileName(info: Pick<ModelInfo, "network" | "classes"> | null, format: ExportFormat): string {
  return info ? `${info.network}-${info.classes}-classes.${format}` : `model.${format}`;
}

/** Lets the browser save a blob. */
export function save(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The download keeps the blob once it has started.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
