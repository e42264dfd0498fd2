import { runService } from '@voltrail/runtime/shutdown'
import { startTracing } from '@voltrail/runtime/trace'
import { readEdgeConfig } from './config.ts'
import { startEdge } from './edge.ts'

runService('edge', async () => {
  const config = readEdgeConfig(process.env)
  const tracing = startTracing({ service: 'edge', endpoint: config.OTLP_ENDPOINT })
  const edge = await startEdge(config)
  // what is wrong with the files is logged by the look that follows by itself
  process.on('SIGHUP', () => void edge.reloadTls().catch(() => undefined))
  return {
    deadlineMs: config.SHUTDOWN_DEADLINE,
    async stop() {
      await edge.stop()
      await tracing.stop()
    },
  }
})
