import { runService } from '@voltrail/runtime/shutdown'
import { startCentral } from './central.ts'
import { centralConfig } from './config.ts'

// oxlint-disable-next-line node/no-process-env -- read once, here
runService('central', () => startCentral(centralConfig(process.env)))
