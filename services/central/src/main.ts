import { runService } from '@voltrail/runtime/shutdown'
import { startTracing } from '@voltrail/runtime/trace'
import { startCentral } from './central.ts'
import { centralConfig } from './config.ts'

runService('central', async () => {
  const config = centralConfig(process.env)
  const tracing = startTracing({ service: 'central', endpoint: config.OTLP_ENDPOINT })
  const central = await startCentral(config)
  return {
    ...central,
    async stop() {
      await central.stop()
      await tracing.stop()
    },
  }
})
