import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import type { MetadataInput } from '@voltrail/contracts/envelope'
import type { BillingEvent } from '@voltrail/contracts/events/registry'
import type { ChargerId, SessionId, TariffId, TenantId, TokenRef, TransactionId } from '@voltrail/contracts/ids'
import { instant, type OccurredAt } from '@voltrail/contracts/quantities'
import { billingStream, sessionId, sessionStream, tariffStream } from '@voltrail/contracts/streams'
import type { TariffTerms } from '@voltrail/contracts/tariff-shape'
import type { Recorded } from '@voltrail/domain/decider'
import { readRegister } from '@voltrail/domain/registers'
import { session, startSession } from '@voltrail/domain/session'
import { meterAfterStop, stopSession, wholeSession } from '@voltrail/domain/session-end'
import { correctSession } from '@voltrail/domain/session-review'
import { assignTariff, defineTariff, tariff } from '@voltrail/domain/tariff'
import { startEventStoreDev } from '@voltrail/event-store-dev/server'
import { connectEventLog, type EsdbLog } from '@voltrail/event-store/esdb-log'
import { createWriteLoop, type WriteLoop } from '@voltrail/event-store/write-loop'
import { startBilling } from './billing.ts'
import { billingConfig } from './config.ts'

const tenant = 'default' as TenantId
const chargerId = 'CP1' as ChargerId
const tariffId = 'standard' as TariffId
const now = Date.UTC(2026, 0, 31, 12)
const at = (minutes: number): OccurredAt => ({
  receivedAt: instant(now + minutes * 60_000),
  effectiveAt: instant(now + minutes * 60_000),
  reason: 'charger-clock',
})
const meta: MetadataInput = {
  tenant,
  causation: { pod: 'test' },
  correlation: 'test',
  actor: { kind: 'service', id: 'test' },
  receivedAt: instant(now - 60_000),
  decision: { build: 'test', clock: instant(now), lookups: [], settings: {} },
}
const terms = (price: string): TariffTerms => ({
  name: 'Standard',
  currency: 'EUR',
  rounding: 'half-up-per-line',
  elements: [{ price_components: [{ type: 'ENERGY', price, vat: '19', step_size: 1 }] }],
})
const ref = 'd'.repeat(32) as TokenRef

describe('billing', () => {
  let store: Awaited<ReturnType<typeof startEventStoreDev>>
  let log: EsdbLog
  let loop: WriteLoop
  const config = () => billingConfig({ ESDB_URL: store.connectionString, LOG_LEVEL: 'silent' })

  beforeAll(async () => {
    store = await startEventStoreDev({ data: 'memory', port: 0 })
    log = connectEventLog({ connectionString: store.connectionString, besideAnotherAppender: true })
    loop = createWriteLoop({ log, cacheSize: 100, build: 'test' })
  })
  afterAll(async () => {
    await log.close()
    await store.stop()
  })

  const start = (transaction: string): SessionId => sessionId(chargerId, transaction as TransactionId)
  const begin = (id: SessionId) =>
    loop.decide(
      session,
      sessionStream(tenant, id),
      (state) =>
        startSession(
          {
            transactionId: id.split('.')[1] as TransactionId,
            evseId: 1,
            connectorId: 1,
            idToken: { ref, type: 'ISO14443', sealed: { owner: ref, key: '', text: '' } },
            authorization: { status: 'Accepted', reason: 'as issued' },
            startKey: id,
            meterStart: readRegister('0', 'Wh'),
            startedAt: at(0),
          },
          state,
        ),
      meta,
    )
  const end = (id: SessionId, wh: string, inferred = false) =>
    loop.decide(
      wholeSession,
      sessionStream(tenant, id),
      (state) =>
        stopSession(
          { stoppedAt: at(60), meterStop: readRegister(wh, 'Wh'), reason: 'Local', inferred, registers: [] },
          state,
        ),
      meta,
    )
  const bill = async (id: SessionId, events: number): Promise<Recorded<BillingEvent>[]> => {
    for (let tries = 0; ; tries++) {
      const found: Recorded<BillingEvent>[] = []
      for await (const event of log.readForward(billingStream(tenant, id), 0))
        found.push(event as unknown as Recorded<BillingEvent>)
      if (found.length >= events || tries > 100) return found
      await wait(50)
    }
  }

  it('rates an ended session once, credits it when it is corrected, and rates nothing twice after a restart', async () => {
    await loop.decide(
      tariff,
      tariffStream(tenant, tariffId),
      (state) => defineTariff({ tariffId, terms: terms('0.40') }, state),
      meta,
    )
    await loop.decide(
      tariff,
      tariffStream(tenant, tariffId),
      (state) => assignTariff({ tariffId, scope: { kind: 'tenant' }, validFrom: instant(now - 60_000) }, state),
      meta,
    )
    const billing = await startBilling(config())
    const id = start('1')
    await begin(id)
    await end(id, '10000', true)
    // 10 kWh * 0.40 = 4.00, VAT 19 % = 0.76
    expect(await bill(id, 1)).toMatchObject([
      { type: 'SessionRated', data: { kind: 'provisional', price: { netMinor: 400, vatMinor: 76, costMinor: 476 } } },
    ])
    await end(id, '12500')
    // 12.5 kWh * 0.40 = 5.00, VAT 0.95
    expect((await bill(id, 3)).slice(1)).toMatchObject([
      { type: 'SessionCredited', data: { creditedRevision: '0', costMinor: 476 } },
      { type: 'SessionRated', data: { kind: 'final', sessionRevision: '2', price: { costMinor: 595 } } },
    ])
    await billing.stop()

    const second = start('2')
    await begin(second)
    await end(second, '1000')
    // the second one begins at the checkpoint, or before it: it rates what is new and nothing again
    const again = await startBilling(config())
    expect(await bill(second, 1)).toMatchObject([{ type: 'SessionRated', data: { price: { costMinor: 48 } } }])
    expect(await bill(id, 3)).toHaveLength(3)
    await again.stop()
  }, 60_000)

  it('credits what was rated once a late value contradicts the power, and rates it anew when it is vouched for', async () => {
    const billing = await startBilling(config())
    const id = start('4')
    await begin(id)
    await end(id, '10000')
    expect(await bill(id, 1)).toMatchObject([{ type: 'SessionRated', data: { price: { costMinor: 476 } } }])
    const stream = sessionStream(tenant, id)
    const late = {
      contentKey: 'late',
      registers: [{ at: at(30).effectiveAt, reading: readRegister('5000', 'Wh') }],
      live: {},
      measuredAt: at(30).effectiveAt,
      suspect: true,
    }
    await loop.decide(wholeSession, stream, (state) => meterAfterStop(late, state), meta)
    expect((await bill(id, 3)).slice(1)).toMatchObject([
      { type: 'SessionCredited', data: { creditedRevision: '0', costMinor: 476 } },
      { type: 'SessionUnpriced', data: { reason: 'suspect-energy' } },
    ])
    const vouching = { vouched: true, at: instant(now) }
    await loop.decide(wholeSession, stream, (state) => correctSession(vouching, state), meta)
    expect((await bill(id, 4)).slice(3)).toMatchObject([{ type: 'SessionRated', data: { price: { costMinor: 476 } } }])
    await billing.stop()
  }, 60_000)

  it('leaves nothing open when its health port is taken, and can be started again at once', async () => {
    const squatter = createServer().listen(0, '127.0.0.1')
    await once(squatter, 'listening')
    const { port } = squatter.address() as AddressInfo
    const taken = { ...config(), HEALTH_PORT: port }
    await expect(startBilling(taken)).rejects.toThrow(String(port))
    // the process may have one appending connection to the log: it would still be there
    const billing = await startBilling(config())
    expect(billing.deadlineMs).toBe(config().SHUTDOWN_DEADLINE)
    await billing.stop()
    squatter.close()
  }, 60_000)

  it('says that a session has no price while no tariff applies to it', async () => {
    const billing = await startBilling(config())
    const elsewhere = 'acme' as TenantId
    const id = start('3')
    await loop.decide(
      session,
      sessionStream(elsewhere, id),
      (state) =>
        startSession(
          {
            transactionId: '3' as TransactionId,
            evseId: 1,
            connectorId: 1,
            idToken: { ref, type: 'ISO14443', sealed: { owner: ref, key: '', text: '' } },
            authorization: { status: 'Accepted', reason: 'as issued' },
            startKey: id,
            startedAt: at(0),
          },
          state,
        ),
      { ...meta, tenant: elsewhere },
    )
    await loop.decide(
      wholeSession,
      sessionStream(elsewhere, id),
      (state) => stopSession({ stoppedAt: at(60), reason: 'Local', inferred: false, registers: [] }, state),
      { ...meta, tenant: elsewhere },
    )
    for (let tries = 0; tries < 100; tries++) {
      const found = []
      for await (const event of log.readForward(billingStream(elsewhere, id), 0)) found.push(event)
      if (found.length > 0) {
        expect(found).toMatchObject([{ type: 'SessionUnpriced', data: { reason: 'no-tariff' } }])
        return billing.stop()
      }
      await wait(50)
    }
    throw new Error('no answer from billing')
  }, 60_000)
})

describe('billing, with a log that holds what it cannot read', () => {
  const store = async () => {
    const server = await startEventStoreDev({ data: 'memory' })
    const log = connectEventLog({ connectionString: server.connectionString, besideAnotherAppender: true })
    const put = (stream: string, type: string, version: number, data: object) =>
      log.appendBytes(
        stream,
        [
          {
            id: randomUUID(),
            type,
            data: new Uint8Array(Buffer.from(JSON.stringify(data))),
            metadata: new Uint8Array(
              Buffer.from(
                JSON.stringify({ version, prevHash: '0'.repeat(64), hash: '0'.repeat(64), receivedAt: instant(now) }),
              ),
            ),
          },
        ],
        -1,
      )
    return {
      put,
      config: billingConfig({ ESDB_URL: server.connectionString, LOG_LEVEL: 'silent' }),
      close: async () => {
        await log.close()
        await server.stop()
      },
    }
  }

  it('does not start without every tariff, for it would price by another', async () => {
    const { put, config: settings, close } = await store()
    await put(tariffStream(tenant, tariffId), 'TariffDefined', 99, { tariffId, terms: terms('0.40') })
    await expect(startBilling(settings)).rejects.toThrow('not every tariff can be read')
    await close()
  }, 30_000)

  it('stops at an end that cannot be rated, is not ready, and names it', async () => {
    const { put, config: settings, close } = await store()
    await put(sessionStream(tenant, sessionId(chargerId, '5' as TransactionId)), 'SessionStopped', 1, { summary: {} })
    const billing = await startBilling(settings)
    let answer = ''
    for (let tries = 0; tries < 100 && !answer.includes('session-default.CP1.5'); tries++) {
      const ready = await fetch(`http://127.0.0.1:${billing.healthPort}/readyz`)
      answer = `${ready.status} ${await ready.text()}`
      await wait(50)
    }
    expect(answer).toContain('503')
    expect(answer).toContain('event 0 of session-default.CP1.5 cannot be rated')
    await billing.stop()
    await close()
  }, 30_000)
})
