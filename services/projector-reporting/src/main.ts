import { runService } from '@voltrail/runtime/shutdown'
import { startTracing } from '@voltrail/runtime/trace'
import { readProjectorConfig } from './config.ts'
import { rebuildReadModel, startProjector } from './projector.ts'

runService('projector-reporting', async (signal) => {
  // oxlint-disable-next-line node/no-process-env -- read once, here
  const config = readProjectorConfig(process.env)
  if (process.argv.includes('--rebuild')) {
    await rebuildReadModel(config, signal)
    process.exit(0)
  }
  const tracing = startTracing({ service: 'projector-reporting', endpoint: config.OTLP_ENDPOINT })
  const projector = await startProjector(config)
  return {
    deadlineMs: config.SHUTDOWN_DEADLINE,
    async stop() {
      await projector.stop()
      await tracing.stop()
    },
  }
})
