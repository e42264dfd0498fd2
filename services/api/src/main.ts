import { runService } from '@voltrail/runtime/shutdown'
import { startApi } from './api.ts'
import { readApiConfig } from './config.ts'

runService('api', () => startApi(readApiConfig()))
