import { isClean, Ledger } from './ledger.ts'
import type { Acknowledgement } from './ledger.ts'

const start = (transactionId: number): Acknowledgement => ({
  chargerId: 'C',
  action: 'StartTransaction',
  connectorId: 1,
  transaction: 1,
  transactionId,
  messageId: 'm',
  attempt: 1,
  acknowledgedAt: new Date(0),
  payload: {},
  answer: { transactionId },
})

function begun(keep?: number): Ledger {
  const ledger = new Ledger(keep)
  ledger.sessionStarted({
    chargerId: 'C',
    brand: 'norden',
    connectorId: 1,
    transaction: 1,
    idTag: 'A',
    startedAt: new Date(0),
    meterStartWh: 100,
    startedOffline: false,
  })
  ledger.messageQueued()
  return ledger
}

it('is clean when every message was acknowledged', () => {
  const ledger = begun()
  expect(isClean(ledger.summary())).toBe(false)
  ledger.messageAcknowledged(start(7), false)
  expect(isClean(ledger.summary())).toBe(true)
  expect(ledger.sessions).toMatchObject([{ transactionId: 7 }])
})

it('counts a repeat apart, and the same transaction id is no contradiction', () => {
  const ledger = begun()
  ledger.messageAcknowledged(start(7), false)
  ledger.messageAcknowledged(start(7), true)
  expect(ledger.summary()).toMatchObject({ acknowledged: 1, repeats: 1, pending: 0, contradictions: 0 })
})

it('a repeat that was given another transaction id is a contradiction, and not clean', () => {
  const ledger = begun()
  ledger.messageAcknowledged(start(7), false)
  ledger.messageAcknowledged(start(8), true)
  expect(ledger.contradictions).toEqual([{ chargerId: 'C', transaction: 1, transactionIds: [7, 8] }])
  expect(isClean(ledger.summary())).toBe(false)
})

it('keeps a bounded list and unbounded counts', () => {
  const ledger = begun(10)
  for (let count = 0; count < 1_000; count += 1) ledger.messageAcknowledged(start(7), false)
  expect(ledger.summary().acknowledged).toBe(1_000)
  expect(ledger.acknowledgements.length).toBeLessThan(120)
})
