import { runService } from '@voltrail/runtime/shutdown'
import { timersConfig } from './config.ts'
import { startTimers } from './timers.ts'

// oxlint-disable-next-line node/no-process-env -- read once, here
runService('timers', () => startTimers(timersConfig(process.env)))
