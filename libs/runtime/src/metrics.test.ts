import { counter, createMetrics, gauge, histogram } from './metrics.ts'

describe('the metrics of a process', () => {
  it('carry the service and are apart from those of another registry', async () => {
    const edge = createMetrics('edge')
    const central = createMetrics('central')
    const facts = counter(edge, { name: 'voltrail_facts_total', help: 'Facts taken', labels: ['outcome'] })
    counter(central, { name: 'voltrail_facts_total', help: 'Facts taken' })
    facts.inc({ outcome: 'acked' }, 2)
    expect(await edge.metrics()).toContain('voltrail_facts_total{outcome="acked",service="edge"} 2')
    expect(await central.metrics()).toContain('voltrail_facts_total{service="central"} 0')
  })

  it('include those of Node', async () => {
    expect(await createMetrics('edge').metrics()).toContain('nodejs_eventloop_lag_seconds')
  })

  it('read a gauge when they are scraped', async () => {
    const metrics = createMetrics('edge')
    let open = 1
    gauge(metrics, { name: 'voltrail_sockets', help: 'Open sockets', read: () => open })
    open = 7
    expect(await metrics.metrics()).toContain('voltrail_sockets{service="edge"} 7')
  })

  it('sort latencies into buckets that matter to a charger', async () => {
    const metrics = createMetrics('edge')
    histogram(metrics, { name: 'voltrail_fact_seconds', help: 'Frame to answer' }).observe(0.015)
    const scraped = await metrics.metrics()
    expect(scraped).toContain('voltrail_fact_seconds_bucket{le="0.01",service="edge"} 0')
    expect(scraped).toContain('voltrail_fact_seconds_bucket{le="0.02",service="edge"} 1')
  })
})
