import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'

export type Metrics = Registry

/** The metrics of one process, with Node's own (heap, event loop, garbage collection) and a `service` label. Not the library's global registry: tests run several processes' worth side by side. */
export function createMetrics(service: string): Metrics {
  const registry = new Registry()
  registry.setDefaultLabels({ service })
  collectDefaultMetrics({ register: registry })
  return registry
}

type Description<L extends string> = {
  /** Snake case with the unit last, as Prometheus has it: `voltrail_fact_seconds`, `voltrail_facts_total`. */
  readonly name: string
  readonly help: string
  /** Names of labels. Only ones with few values: never a charger, session or token. */
  readonly labels?: readonly L[]
}

/** Something that only grows. */
export function counter<L extends string = never>(
  metrics: Metrics,
  { name, help, labels = [] }: Description<L>,
): Counter<L> {
  return new Counter({ name, help, labelNames: labels, registers: [metrics] })
}

/** Something that goes up and down; `read`, if given, is called at each scrape. */
export function gauge<L extends string = never>(
  metrics: Metrics,
  { name, help, labels = [], read }: Description<L> & { readonly read?: () => number },
): Gauge<L> {
  return new Gauge({
    name,
    help,
    labelNames: labels,
    registers: [metrics],
    ...(read && {
      collect() {
        this.set(read())
      },
    }),
  })
}

/** Latencies in seconds that matter to a charger: from a millisecond to the half minute after which it gives up. */
export const latencyBuckets = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30]

/** A distribution; seconds unless `buckets` says otherwise. */
export function histogram<L extends string = never>(
  metrics: Metrics,
  { name, help, labels = [], buckets = latencyBuckets }: Description<L> & { readonly buckets?: readonly number[] },
): Histogram<L> {
  return new Histogram({ name, help, labelNames: labels, buckets: [...buckets], registers: [metrics] })
}
