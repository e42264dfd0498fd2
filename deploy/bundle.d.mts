/** See bundle.mjs. */
export function bundle(folders: readonly string[], options?: { outDir?: string }): Promise<string[]>
