import { describeEventLog } from './fixtures/event-log-contract.ts'
import { createMemoryLog } from './memory-log.ts'

describe('the log in memory', () => {
  const log = createMemoryLog()
  describeEventLog(
    () => log,
    (stream) => log.stored(stream),
  )
})
