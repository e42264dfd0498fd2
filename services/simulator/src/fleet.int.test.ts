import { brands } from './brands.ts'
import type { Brand } from './brands.ts'
import { startCentralPeer } from './fixtures/central-peer.ts'
import type { CentralPeer, CentralPeerOptions } from './fixtures/central-peer.ts'
import { eventually } from './fixtures/eventually.ts'
import { startFleet } from './fleet.ts'
import type { Fleet, FleetOptions } from './fleet.ts'
import { isClean } from './ledger.ts'

const running: { stop(options?: object): Promise<void> }[] = []
afterEach(async () => {
  // the fleet first: it was started last
  for (const part of running.splice(0).reverse()) await part.stop({ endSessions: false })
})

async function central(options: CentralPeerOptions = {}): Promise<CentralPeer> {
  const peer = await startCentralPeer(options)
  running.push(peer)
  return peer
}

/** One charger, sessions of ten simulated minutes in a second or so. */
function fleet(peer: CentralPeer, options: Partial<FleetOptions> = {}): Fleet {
  const started = startFleet({
    url: peer.url,
    chargers: 1,
    brands: ['norden'],
    tokens: ['04A1B2C3'],
    speed: 600,
    session: { minMs: 600_000, maxMs: 600_000 },
    pause: { minMs: 1_000, maxMs: 5_000 },
    configuration: { MeterValueSampleInterval: '120' },
    reconnect: { firstMs: 20, maxMs: 100 },
    connectsPerSecond: 1_000,
    ...options,
  })
  running.push(started)
  return started
}

/** Short waits before a message is sent again. */
const impatient = (brand: Brand, retry: Partial<Brand['retry']> = {}): Brand => ({
  ...brand,
  retry: { ...brand.retry, intervalSeconds: 0, callTimeoutSeconds: 0.3, ...retry },
})

/** Waits for no answer and no ping so little, at 600 times the speed, that a busy machine makes it connect or call again. */
const patient = (brand: Brand): Brand => ({
  ...brand,
  retry: { ...brand.retry, callTimeoutSeconds: 12_000 },
  liveness: { ...brand.liveness, pingSeconds: 6_000 },
})

const actions = (peer: CentralPeer, chargerId = 'SIM-0001') =>
  peer.calls
    .filter((call) => call.chargerId === chargerId && /Transaction$|^MeterValues$/.test(call.method))
    .map((call) => call.method)

describe('a charger by the book', () => {
  it('passes the official schemas with every frame, from boot to stop', async () => {
    const peer = await central({ strict: true })
    const { done, ledger } = fleet(peer, { sessionsPerCharger: 3, chargers: 2 })
    await done

    expect(peer.violations).toEqual([])
    expect(isClean(ledger.summary())).toBe(true)
    expect(ledger.summary()).toMatchObject({ sessionsStarted: 6, sessionsFinished: 6, refused: 0, repeats: 0 })
    expect(peer.of('StartTransaction')).toHaveLength(6)
    expect(peer.of('StopTransaction')).toHaveLength(6)
    expect(peer.of('MeterValues').length).toBeGreaterThanOrEqual(6 * 3)
  })

  it('says first who it is, then what its connectors do', async () => {
    const peer = await central({ strict: true })
    await fleet(peer, {
      sessionsPerCharger: 1,
      brands: [patient({ ...brands.norden, connectors: 1 })],
      // a driver who plugs in before its boot is answered would be in its first status
      pause: { minMs: 600_000, maxMs: 600_000 },
    }).done
    await eventually('Available again', () => peer.of('StatusNotification').length >= 6)

    expect(peer.calls[0]?.method).toBe('BootNotification')
    const states = peer
      .of('StatusNotification')
      .filter(({ params }) => params['connectorId'] === 1)
      .map(({ params }) => params['status'])
    expect(states).toEqual(['Available', 'Preparing', 'Charging', 'Finishing', 'Available'])
  })

  it('reports in the ledger exactly the energy that its messages carried', async () => {
    const peer = await central({ strict: true })
    const { done, ledger } = fleet(peer, { sessionsPerCharger: 2 })
    await done

    const told = peer.of('StopTransaction').map(({ params }) => {
      const start = ledger.acknowledgements.find(
        ({ action, transactionId }) => action === 'StartTransaction' && transactionId === params['transactionId'],
      )
      return Number(params['meterStop']) - Number(start?.payload['meterStart'])
    })
    expect(told.reduce((sum, energy) => sum + energy, 0)).toBe(ledger.summary().energyWh)
    expect(ledger.summary().energyWh).toBeGreaterThan(0)
  })

  it('gives no energy to a tag that is not valid', async () => {
    const peer = await central({ strict: true, invalid: ['04A1B2C3'] })
    const { done, ledger } = fleet(peer, { sessionsPerCharger: 2 })
    await done

    expect(ledger.summary()).toMatchObject({ refused: 2, sessionsStarted: 0, queued: 0 })
    expect(peer.of('StartTransaction')).toEqual([])
  })

  it('shows its password, and stays away when it is wrong', async () => {
    const peer = await central({ strict: true, password: 'correct-horse-battery' })
    const wrong = fleet(peer, { password: 'wrong', prefix: 'W-', sessionsPerCharger: 0 })
    const right = fleet(peer, { password: 'correct-horse-battery', prefix: 'R-', sessionsPerCharger: 0 })
    await eventually('the right one online', () => right.progress().online === 1)
    await eventually('the wrong one refused', () => wrong.progress().problem?.includes('401') === true)
    expect(wrong.progress().online).toBe(0)
  })
})

describe('an outage', () => {
  it('in the middle of a session loses nothing and changes no order', async () => {
    const peer = await central({ strict: true })
    const { done, ledger, progress } = fleet(peer, {
      brands: [{ ...brands.norden, connectors: 1 }],
      sessionsPerCharger: 1,
    })
    await eventually('charging', () => peer.of('MeterValues').length >= 1)
    await peer.stop()
    await eventually('the session ended while nobody was there', () => progress().sessionsRunning === 0)
    expect(ledger.summary().pending).toBeGreaterThanOrEqual(2)

    const back = await central({ strict: true, port: peer.port })
    await done
    expect([...peer.violations, ...back.violations]).toEqual([])
    expect(isClean(ledger.summary())).toBe(true)
    const order = ledger.acknowledgements.map(({ action }) => action)
    expect(order[0]).toBe('StartTransaction')
    expect(order.at(-1)).toBe('StopTransaction')
    expect(order.slice(1, -1).every((action) => action === 'MeterValues')).toBe(true)
    expect(actions(back).at(-1)).toBe('StopTransaction')
    const times = ledger.acknowledgements
      .filter(({ action }) => action === 'MeterValues')
      .map(({ payload }) => (payload['meterValue'] as { timestamp: string }[])[0]?.timestamp ?? '')
    expect(times).toEqual([...times].sort())
    expect(back.of('StopTransaction')[0]?.params['transactionId']).toBe(
      ledger.acknowledgements.find(({ action }) => action === 'StartTransaction')?.transactionId,
    )
  })

  it('from before a session: the start is delivered first, and the stop names the id that it brought', async () => {
    const peer = await central({ strict: true })
    const { done, ledger, progress } = fleet(peer, {
      brands: [{ ...brands.norden, connectors: 1 }],
      // the first session fills the authorization cache, the second begins offline
      sessionsPerCharger: 2,
      pause: { minMs: 300_000, maxMs: 300_000 },
    })
    await eventually('the first session is over', () => peer.of('StopTransaction').length === 1)
    await peer.stop()
    await eventually('offline', () => progress().online === 0)
    await eventually('the second session ended', () => ledger.summary().sessionsFinished === 2)

    const back = await central({ strict: true, port: peer.port })
    await done
    expect(isClean(ledger.summary())).toBe(true)
    expect(actions(back)[0]).toBe('StartTransaction')
    expect(actions(back).at(-1)).toBe('StopTransaction')
    const second = ledger.sessions[1]
    expect(second?.startedOffline).toBe(true)
    expect(back.of('StopTransaction')[0]?.params['transactionId']).toBe(second?.transactionId)
  })
})

describe('the end of a fleet', () => {
  it('ends what runs, delivers it, and begins nothing any more', async () => {
    const peer = await central({ strict: true })
    const { stop, ledger, progress } = fleet(peer, { chargers: 10, session: { minMs: 3_600_000, maxMs: 3_600_000 } })
    await eventually('some charge, some still come', () => progress().sessionsRunning >= 5)
    await stop()
    const { sessionsStarted, sessionsFinished } = ledger.summary()
    expect(sessionsFinished).toBe(sessionsStarted)
    expect(peer.of('StopTransaction')).toHaveLength(sessionsStarted)
    expect(isClean(ledger.summary())).toBe(true)
    expect(progress()).toMatchObject({ online: 0, sessionsRunning: 0, waiting: 0 })
  })

  it('can come like a power failure: the central system hears nothing of it', async () => {
    const peer = await central({ strict: true })
    const { stop, ledger, progress } = fleet(peer, { session: { minMs: 3_600_000, maxMs: 3_600_000 } })
    await eventually('charging', () => progress().sessionsRunning >= 1 && peer.of('StartTransaction').length >= 1)
    await stop({ endSessions: false })
    expect(peer.of('StopTransaction')).toEqual([])
    expect(ledger.summary().sessionsFinished).toBe(0)
  })
})

describe('the brands', () => {
  it('lumen writes times without zone and kWh with decimals, and repeats with a new message id', async () => {
    const peer = await central()
    const brand = impatient(brands.lumen, { missedAnswers: 1 })
    const { done, ledger } = fleet(peer, { brands: [brand], sessionsPerCharger: 1 })
    await done

    const starts = peer.of('StartTransaction')
    expect(starts).toHaveLength(2)
    expect(starts[0]?.messageId).not.toBe(starts[1]?.messageId)
    expect(starts[0]?.params).toEqual(starts[1]?.params)
    expect(starts[0]?.params['timestamp']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/)
    const meterValue = peer.of('MeterValues')[0]?.params['meterValue']
    const [sampled] = meterValue as { sampledValue: { value: string; unit: string }[] }[]
    expect(sampled?.sampledValue[0]).toMatchObject({ unit: 'kWh', value: expect.stringMatching(/^ \d+\.\d{3} $/) })
    expect(isClean(ledger.summary())).toBe(true)
    expect(ledger.summary().repeats).toBe(ledger.summary().acknowledged)
  })

  it('rapida repeats with the same message id, is Available before its stop and sends the last values after it', async () => {
    const peer = await central({ strict: true })
    const brand = { ...impatient(brands.rapida, { missedAnswers: 1 }), connectors: 1 }
    const { done } = fleet(peer, { brands: [brand], sessionsPerCharger: 1 })
    await done

    const [first, second] = peer.of('StopTransaction')
    expect(first?.messageId).toBe(second?.messageId)
    const methods = peer.calls.map(({ method, params }) => (params['status'] === 'Available' ? 'available' : method))
    expect(methods.lastIndexOf('available')).toBeLessThan(methods.indexOf('StopTransaction'))
    const last = peer.of('MeterValues').at(-1)
    expect(JSON.stringify(last?.params)).toContain('Transaction.End')
    expect(actions(peer).at(-1)).toBe('MeterValues')
    expect(peer.violations).toEqual([])
  })

  it('voltaro reports before it boots, does not boot again, and stops an offline start with -1', async () => {
    const peer = await central()
    const { done, ledger, progress } = fleet(peer, {
      brands: [brands.voltaro],
      sessionsPerCharger: 1,
      pause: { minMs: 300_000, maxMs: 300_000 },
    })
    await eventually('online', () => progress().online === 1)
    expect(peer.calls[0]?.method).toBe('StatusNotification')
    expect(peer.of('BootNotification')).toHaveLength(1)
    await peer.stop()
    await eventually('the session ended', () => ledger.summary().sessionsFinished === 1)

    const back = await central({ port: peer.port })
    await done
    expect(back.of('BootNotification')).toEqual([])
    expect(back.of('StopTransaction')[0]?.params['transactionId']).toBe(-1)
    expect(isClean(ledger.summary())).toBe(true)
  })

  it('stille sends null for nothing, transaction 0 in its values and its tags in lower case', async () => {
    const peer = await central()
    const { done, progress } = fleet(peer, { brands: [brands.stille], sessionsPerCharger: 1, chargers: 1 })
    await done
    expect(progress().online).toBe(1)
    expect(peer.of('MeterValues')[0]?.params['transactionId']).toBe(0)
    expect(peer.of('Authorize')[0]?.params['idTag']).toBe('04a1b2c3')
  })

  it('every one of them brings its sessions through', async () => {
    const peer = await central()
    const { done, ledger } = fleet(peer, { brands: Object.values(brands), chargers: 10, sessionsPerCharger: 2 })
    await done
    expect(isClean(ledger.summary())).toBe(true)
    expect(ledger.summary()).toMatchObject({ sessionsStarted: 20, sessionsFinished: 20 })
  })
})

describe('a message that fails', () => {
  it('is sent again until TransactionMessageAttempts are used up, then the next one goes', async () => {
    const peer = await central({
      before: ({ method }) => {
        if (method === 'MeterValues') throw new Error('no')
      },
    })
    const { done, ledger } = fleet(peer, { brands: [impatient(brands.norden, { attempts: 3 })], sessionsPerCharger: 1 })
    await done
    const { dropped } = ledger.summary()
    expect(dropped).toBeGreaterThan(0)
    expect(peer.of('MeterValues')).toHaveLength(3 * dropped)
    expect(peer.of('StopTransaction')).toHaveLength(1)
    expect(ledger.dropped[0]).toMatchObject({ action: 'MeterValues', why: 'rejected' })
    expect(isClean(ledger.summary())).toBe(false)
  })
})
