/** The data sets that the visitor imported, by id: handles of files, no bytes. A fresh worker gets them from here. */
import type { DatasetChoice } from "../shared/protocol";

export const importedDatasets = new Map<string, { choice: DatasetChoice; files: File[] }>();
