import { runService } from '@voltrail/runtime/shutdown'
import { upkeepConfig } from './config.ts'
import { startUpkeep } from './upkeep.ts'

// oxlint-disable-next-line node/no-process-env -- read once, here
runService('upkeep', () => startUpkeep(upkeepConfig(process.env)))
