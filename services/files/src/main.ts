import { runService } from '@voltrail/runtime/shutdown'
import { filesConfig } from './config.ts'
import { startFiles } from './files.ts'

// oxlint-disable-next-line node/no-process-env -- read once, here
runService('files', () => startFiles(filesConfig(process.env)))
