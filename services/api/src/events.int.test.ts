import { recordSession } from './fixtures/recorded-session.ts'
import { operatorKey, runApi, until } from './fixtures/running-api.ts'
import type { RunningApi } from './fixtures/running-api.ts'

type Message = {
  id: string
  event: string
  data: { stream: string; revision: string; type: string; data: unknown; metadata: object }
}

/** Reads a stream of server-sent events as a browser would. */
async function follow(api: RunningApi, query: string, headers: Readonly<Record<string, string>> = {}) {
  const leaving = new AbortController()
  const response = await fetch(`${api.url}/v1/events${query}`, {
    headers: { authorization: `Bearer ${operatorKey}`, ...headers },
    signal: leaving.signal,
  })
  const messages: Message[] = []
  let text = ''
  const reading = (async () => {
    for await (const chunk of response.body!.pipeThrough(
      new TextDecoderStream() as never,
    ) as unknown as AsyncIterable<string>) {
      text += chunk
      for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
        const fields = Object.fromEntries(
          text
            .slice(0, end)
            .split('\n')
            .map((line) => [line.slice(0, line.indexOf(': ')), line.slice(line.indexOf(': ') + 2)]),
        )
        text = text.slice(end + 2)
        if (fields['data'])
          messages.push({ id: fields['id'] ?? '', event: fields['event'] ?? '', data: JSON.parse(fields['data']) })
      }
    }
  })().catch(() => undefined)
  return {
    response,
    messages,
    async leave() {
      leaving.abort()
      await reading
    },
    ended: reading,
  }
}

const places = (messages: readonly Message[]) => messages.map(({ data }) => `${data.stream}@${data.revision}`)

describe('the event stream', () => {
  let api: RunningApi
  beforeAll(async () => {
    api = await runApi({ env: { EVENT_STREAMS_MAX: '3' } })
    await recordSession(api, { tenant: 'default', charger: 'CP-1', transaction: '1', token: '04A1B2C3' })
    await recordSession(api, { tenant: 'default2', charger: 'CP-1', transaction: '1', token: 'OTHER' })
  }, 60_000)
  afterAll(() => api?.stop())

  const everything = async () => {
    const all = await follow(api, '?after=0')
    await until(() => all.messages.some(({ event }) => event === 'SessionRated'))
    await all.leave()
    return all.messages
  }

  it('gives every event of the tenant from the beginning on, in the order of the log', async () => {
    const all = await everything()
    expect(all.map(({ event }) => event).slice(0, 3)).toEqual([
      'ChargerRegistered',
      'ChargerConnected',
      'ChargerBooted',
    ])
    expect(all.map(({ id }) => BigInt(id.split('/')[0]!))).toEqual(
      all.map(({ id }) => BigInt(id.split('/')[0]!)).toSorted((a, b) => (a < b ? -1 : 1)),
    )
    expect(all.every(({ data }) => /^(charger|session|billing)-default\./.test(data.stream))).toBe(true)
    expect(new Set(places(all)).size).toBe(all.length)
  })

  it('keeps personal data encrypted and leaves frames out', async () => {
    const text = JSON.stringify(await everything())
    expect(text).not.toContain('04A1B2C3')
    expect(text).not.toContain('StatusNotification')
  })

  it('resumes after any position without a gap or a repeat', async () => {
    const all = await everything()
    for (const [index, { id }] of all.entries()) {
      if (index === all.length - 1 || index % 4 !== 0) continue
      const rest = await follow(api, '?after=0', { 'last-event-id': id })
      await until(() => rest.messages.length >= all.length - index - 1)
      await rest.leave()
      expect(places(rest.messages)).toEqual(places(all.slice(index + 1)))
    }
  })

  it('goes on live, also for one who was cut off in the middle', async () => {
    const first = await follow(api, '?after=0&category=charger,session')
    await until(() => first.messages.length >= 5)
    await first.leave()
    const seen = [...first.messages]
    const second = await follow(api, `?after=${encodeURIComponent(seen.at(-1)!.id)}&category=charger,session`)
    await recordSession(api, { tenant: 'default', charger: 'CP-2', transaction: '9', token: 'T' })
    const ends = () => [...seen, ...second.messages].filter(({ event }) => event === 'ChargerDisconnected')
    await until(() => ends().length >= 2)
    await second.leave()
    const whole = [...places(seen), ...places(second.messages)]
    expect(new Set(whole).size).toBe(whole.length)
    for (const stream of new Set(whole.map((place) => place.split('@')[0]))) {
      const revisions = whole
        .filter((place) => place.startsWith(`${stream}@`))
        .map((place) => Number(place.split('@')[1]))
      expect(revisions).toEqual(revisions.map((_, index) => index))
    }
  })

  it('shows only what was asked for', async () => {
    const one = await follow(api, '?after=0&types=SessionStarted,SessionStopped')
    await until(() => one.messages.length >= 4)
    await one.leave()
    expect(new Set(one.messages.map(({ event }) => event))).toEqual(new Set(['SessionStarted', 'SessionStopped']))
  })

  it('with after=end tells only what comes', async () => {
    const one = await follow(api, '?after=end&types=SessionStarted')
    await recordSession(api, { tenant: 'default', charger: 'CP-3', transaction: '3', token: 'T' })
    await until(() => one.messages.length > 0)
    await one.leave()
    expect(one.messages.map(({ data }) => data.stream)).toEqual(['session-default.CP-3.3'])
  })

  it('is announced as what it is', async () => {
    const one = await follow(api, '?after=end')
    expect(one.response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    expect(one.response.headers.get('cache-control')).toBe('no-store')
    await one.leave()
  })

  it('refuses one too many with a 503 problem, and takes the next when one has left', async () => {
    const open = await Promise.all([1, 2, 3].map(() => follow(api, '?after=end')))
    const refused = await api.ask('GET', '/v1/events?after=end')
    expect([refused.status, refused.json?.type]).toEqual([503, 'urn:voltrail:problem:too-many-streams'])
    await open[0]!.leave()
    const next = await until(async () => {
      const tried = await follow(api, '?after=end')
      if (tried.response.status === 200) return tried
      await tried.leave()
      return undefined
    })
    await Promise.all([next, ...open].map((one) => one.leave()))
  })
})

describe('a stopping api', () => {
  it('ends its event streams and stops, though clients would stay', async () => {
    const api = await runApi()
    const one = await follow(api, '?after=end')
    const begun = performance.now()
    await api.api.stop()
    await one.ended
    expect(performance.now() - begun).toBeLessThan(5_000)
    await api.stop()
  })
})
