import type { LogEvent } from '@voltrail/event-store/event-log'
import { createSessionStarts } from './session-starts.ts'

const start = (stream: string) => ({ stream, type: 'SessionStarted', revision: 0 }) as unknown as LogEvent

const startsOfLog = (...streams: string[]) => {
  const read: string[] = []
  const starts = createSessionStarts(
    {
      async *readForward(stream) {
        read.push(stream)
        if (streams.includes(stream)) yield start(stream)
      },
    },
    2,
  )
  return { starts, read }
}

describe('the first events of sessions', () => {
  it('are known without a read when the session began lately', async () => {
    const { starts, read } = startsOfLog()
    starts.hear(start('session-1'))
    expect(await starts.of('session-1')).toMatchObject({ stream: 'session-1', revision: 0 })
    expect(read).toEqual([])
  })

  it('are read from the log when they were never heard, or are among the oldest', async () => {
    const { starts, read } = startsOfLog('session-1', 'session-2')
    for (const stream of ['session-2', 'session-3', 'session-4']) starts.hear(start(stream))
    expect(await starts.of('session-1')).toMatchObject({ stream: 'session-1' })
    expect(await starts.of('session-2')).toMatchObject({ stream: 'session-2' })
    expect(await starts.of('session-4')).toMatchObject({ stream: 'session-4' })
    expect(await starts.of('session-5')).toBeUndefined()
    expect(read).toEqual(['session-1', 'session-2', 'session-5'])
  })
})
