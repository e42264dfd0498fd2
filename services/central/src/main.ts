import { runService } from '@voltrail/runtime/shutdown'
import { startCentral } from './central.ts'
import { centralConfig } from './config.ts'

runService('central', () => startCentral(centralConfig(process.env)))
