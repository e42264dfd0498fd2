import { runService } from '@voltrail/runtime/shutdown'
import { startTracing } from '@voltrail/runtime/trace'
import { startBilling } from './billing.ts'
import { billingConfig } from './config.ts'

runService('billing', async () => {
  const config = billingConfig(process.env)
  const tracing = startTracing({ service: 'billing', endpoint: config.OTLP_ENDPOINT })
  const billing = await startBilling(config)
  return {
    ...billing,
    async stop() {
      await billing.stop()
      await tracing.stop()
    },
  }
})
