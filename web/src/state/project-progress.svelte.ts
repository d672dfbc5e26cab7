/** How far the engine is with reading a project's pictures; null while it reads none. */
export const projectProgress: { progress: { done: number; total: number } | null } = $state({ progress: null });
