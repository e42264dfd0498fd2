import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'

export interface Percentiles {
  readonly count: number
  /** ms */
  readonly p50: number
  readonly p99: number
  readonly p999: number
  readonly max: number
}

/** How long answers took, by action; microseconds inside. */
export class Latencies {
  readonly #of = new Map<string, RecordableHistogram>()

  /** @param ms how long the answer took */
  record(action: string, ms: number): void {
    const histogram = this.#of.get(action) ?? createHistogram({ figures: 3 })
    this.#of.set(action, histogram)
    histogram.record(Math.max(1, Math.round(ms * 1_000)))
  }

  percentiles(): Record<string, Percentiles> {
    const all = createHistogram({ figures: 3 })
    for (const histogram of this.#of.values()) all.add(histogram)
    const named: [string, RecordableHistogram][] = [...this.#of.entries(), ['all', all]]
    return Object.fromEntries(named.map(([action, histogram]) => [action, percentilesOf(histogram)]))
  }
}

const percentilesOf = (histogram: RecordableHistogram): Percentiles => {
  if (histogram.count === 0) return { count: 0, p50: 0, p99: 0, p999: 0, max: 0 }
  const at = (percentile: number) => histogram.percentile(percentile) / 1_000
  return { count: histogram.count, p50: at(50), p99: at(99), p999: at(99.9), max: histogram.max / 1_000 }
}
