const PAGE_BYTES = 64 * 1024

export interface PageCache {
  /** Bytes of one file, from the cache or through `load`. `id` names the file for ever; what stands in it below `end` never changes. */
  read(
    id: string,
    offset: number,
    length: number,
    end: number,
    load: (offset: number, length: number) => Buffer,
  ): Buffer
}

/** Pages of segment files, the least recently used dropped first. */
export function pageCache(maxBytes: number): PageCache {
  const pages = new Map<string, Buffer>()
  const maxPages = Math.max(4, Math.floor(maxBytes / PAGE_BYTES))

  return {
    read(id, offset, length, end, load) {
      const page = Math.floor(offset / PAGE_BYTES)
      const pageStart = page * PAGE_BYTES
      if (offset + length > Math.min(pageStart + PAGE_BYTES, end)) return load(offset, length)
      const key = `${id}:${page}`
      let bytes = pages.get(key)
      const wanted = Math.min(PAGE_BYTES, end - pageStart)
      if (bytes && bytes.length >= offset - pageStart + length) {
        pages.delete(key)
      } else {
        bytes = load(pageStart, wanted)
        if (pages.size >= maxPages) {
          const oldest = pages.keys().next()
          if (!oldest.done) pages.delete(oldest.value)
        }
      }
      pages.set(key, bytes)
      return bytes.subarray(offset - pageStart, offset - pageStart + length)
    },
  }
}
