import type { LabApi } from "./api";

/** Replaced within the hour. */
export const lab = {} as LabApi;
