/** Progress of reading a project's pictures; null while none are read. */
export const projectProgress: { progress: { done: number; total: number } | null } = $state({ progress: null });
