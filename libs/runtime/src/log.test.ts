import { createLog } from './log.ts'
import type { LogOptions } from './log.ts'

function recorded(options: Partial<LogOptions> = {}) {
  const lines: string[] = []
  const log = createLog({
    service: 'edge',
    level: 'debug',
    ...options,
    destination: { write: (line) => void lines.push(line) },
  })
  return { log, lines, last: () => JSON.parse(lines.at(-1) ?? '') as Record<string, unknown> }
}

describe('the log', () => {
  it('writes one JSON object per line with service, level and UTC time', () => {
    const { log, last } = recorded()
    log.info({ chargerId: 'CP1' }, 'connected')
    expect(last()).toEqual({
      service: 'edge',
      level: 'info',
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      chargerId: 'CP1',
      msg: 'connected',
    })
  })

  it('leaves out what is below its level', () => {
    const { log, lines } = recorded({ level: 'warn' })
    log.info('no')
    log.warn('yes')
    expect(lines).toHaveLength(1)
  })

  it('redacts secrets and id tags at any depth, whatever their spelling', () => {
    const { log, lines, last } = recorded()
    log.info(
      {
        idTag: '04A1',
        request: { headers: { Authorization: 'Basic x' }, body: [{ 'id-token': { a: 1 } }] },
        api_key: 'x',
        keys: 2,
      },
      'm',
    )
    expect(last()).toMatchObject({
      idTag: '[redacted]',
      request: { headers: { Authorization: '[redacted]' }, body: [{ 'id-token': '[redacted]' }] },
      api_key: '[redacted]',
      keys: 2,
    })
    expect(lines.join('')).not.toContain('04A1')
  })

  it('redacts the bindings of a child', () => {
    const { log, last } = recorded()
    log.child({ password: 'hunter2', chargerId: 'CP1' }).info('m')
    expect(last()).toMatchObject({ password: '[redacted]', chargerId: 'CP1' })
  })

  it('redacts passwords in URLs, in fields, messages and errors', () => {
    const { log, lines } = recorded()
    const url = 'esdb://admin:hunter2@localhost:2113'
    log.info({ url, parsed: new URL(url) }, `connecting to ${url}`)
    log.error(new Error(`no route to ${url}`, { cause: new Error(url) }))
    log.error({ err: new Error(`no route to ${url}`) })
    log.error({ reason: new Error(url) }, 'with a field %s', url)
    expect(lines).toHaveLength(4)
    expect(lines.join('')).not.toContain('hunter2')
    expect(lines[0]).toContain('connecting to esdb://[redacted]@localhost:2113')
    expect(JSON.parse(lines[2] ?? '')).toMatchObject({
      msg: 'no route to esdb://[redacted]@localhost:2113',
      err: { type: 'Error', stack: expect.stringContaining('log.test') },
    })
  })

  it('leaves request and response to the web server’s own serializers', () => {
    const { log, last } = recorded()
    class Request {
      get method() {
        return 'GET'
      }
    }
    const own = log.child({}, { serializers: { req: (request: Request) => ({ method: request.method }) } })
    own.info({ req: new Request(), key: 'x' }, 'incoming request')
    expect(last()).toMatchObject({ req: { method: 'GET' }, key: '[redacted]' })
  })

  it('survives cycles, bigints, bytes and dates', () => {
    const { log, last } = recorded()
    const cycle: Record<string, unknown> = { position: 12n, bytes: new Uint8Array(3), at: new Date(0) }
    cycle['self'] = cycle
    log.info(cycle, 'm')
    expect(last()).toMatchObject({ position: '12', bytes: '[3 bytes]', at: '1970-01-01T00:00:00.000Z' })
  })

  it('writes lines for people when pretty', () => {
    const { log, lines } = recorded({ pretty: true })
    log.warn({ chargerId: 'CP1', n: 2 }, 'slow')
    log.error(new Error('broken'))
    expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d\.\d{3} warn  edge: slow chargerId=CP1 n=2\n$/)
    expect(lines[1]).toMatch(/error edge: broken\nError: broken\n {4}at /)
  })
})
