import { runService } from '@voltrail/runtime/shutdown'
import { startBilling } from './billing.ts'
import { billingConfig } from './config.ts'

// oxlint-disable-next-line node/no-process-env -- read once, here
runService('billing', () => startBilling(billingConfig(process.env)))
