import { createHash } from 'node:crypto'
import type { FactOf, FactRequest } from '@voltrail/contracts/facts'
import type { ChargerId, FactId, TenantId } from '@voltrail/contracts/ids'
import { instant } from '@voltrail/contracts/quantities'
import { chargerStream } from '@voltrail/contracts/streams'
import { charger } from '@voltrail/domain/charger/charger'
import { parkFrame } from '@voltrail/domain/charger/transactions'
import { deriveTransactionId, plainFrameKey } from '@voltrail/domain/content-key'
import { factMetadata } from '../evidence.ts'
import { createPods } from '../oracle/pods.ts'
import { createSharedLog } from '../oracle/shared-log.ts'
import { createTwinBus, createTwinVault } from '../oracle/twins.ts'

const tenant = 'default' as TenantId
const chargerId = 'CP1' as ChargerId
const stream = chargerStream(tenant, chargerId)
const now = () => instant(Date.parse('2026-03-01T08:00:00.000Z'))

type Meant = FactOf<'Malformed'>['meant']
const payloads: Readonly<Record<Meant, object>> = {
  TransactionStart: { connectorId: 'left', idTag: '04A1' },
  TransactionStop: { idTag: '04A1', meterStop: 2500, timestamp: 'noon' },
  MeterValues: { connectorId: 1, meterValue: 7 },
}
const asked = (factId: string, meant: Meant, payload = payloads[meant]): FactRequest<FactOf<'Malformed'>> => ({
  factId: factId as FactId,
  tenant,
  chargerId,
  edge: 'edge-1',
  receivedAt: now(),
  normalisations: [],
  frame: JSON.stringify([2, factId, meant, payload]),
  fact: {
    type: 'Malformed',
    meant,
    violations: ['/timestamp is wrong'],
    ...(meant === 'TransactionStop' && { readable: { meterStop: { value: '2500', unit: 'Wh' } } }),
  },
})
/** What an event was keyed by before: the text of type, action and payload. */
const textOf = (meant: Meant, payload = payloads[meant]) => JSON.stringify([2, meant, payload])

const openCharger = () => {
  const log = createSharedLog({ pauses: [], stalls: [], faults: [] })
  const pods = createPods(1, { log, vault: createTwinVault(), bus: createTwinBus().bus, now })
  return {
    pods,
    parked: () => log.stored(stream).filter(({ type }) => type === 'FrameParked'),
    /** as a build of before parked it */
    parkPlainly: (meant: Meant, restampKey?: string) =>
      pods.operate(0, (deps) => {
        const contentKey = plainFrameKey(chargerId, meant, textOf(meant))
        const parked = { meant, reason: 'malformed', detail: 'it was wrong', contentKey } as const
        const keys = { transactionId: deriveTransactionId(contentKey, 0), ...(restampKey && { restampKey }) }
        return deps.decide(
          charger,
          stream,
          (state) => parkFrame({ factId: 'old.1' as FactId, parked: { ...parked, ...keys } }, state),
          factMetadata(deps, asked('old.1', meant), { frame: undefined }),
        )
      }),
  }
}

describe('a frame that is parked', () => {
  it.each(['TransactionStart', 'MeterValues', 'TransactionStop'] as const)(
    'is known again by nothing that could be made from what it says without our key: %s',
    async (meant) => {
      const { pods, parked } = openCharger()
      await pods.ask(0, asked('1.1', meant))
      await pods.ask(0, asked('2.1', meant))
      const [event, ...others] = parked()
      expect(others).toEqual([])
      const text = textOf(meant)
      const guesses = [text, ...['frame', 'frame 2'].map((name) => JSON.stringify([name, chargerId, meant, text]))].map(
        (guess) => createHash('sha256').update(guess).digest('hex').slice(0, 32),
      )
      if (event === undefined) throw new Error('nothing was parked')
      const { contentKey, transactionId } = event.data as { contentKey: string; transactionId: string }
      expect(guesses).not.toContain(contentKey)
      expect(guesses.map((guess) => deriveTransactionId(guess, 0))).not.toContain(transactionId)
    },
  )

  it.each(['TransactionStart', 'MeterValues', 'TransactionStop'] as const)(
    'and was known by its plain text before is still the same one, and has the same transaction: %s',
    async (meant) => {
      const { pods, parked, parkPlainly } = openCharger()
      await parkPlainly(meant)
      const transactionId = deriveTransactionId(plainFrameKey(chargerId, meant, textOf(meant)), 0)
      expect(await pods.ask(0, asked('2.1', meant))).toMatchObject({
        outcome: 'answered',
        answer: { type: 'Malformed', transactionId },
      })
      expect(parked()).toHaveLength(1)
    },
  )

  it('and was known by its plain text without its time before is not parked again with another time', async () => {
    const { pods, parked, parkPlainly } = openCharger()
    const said = JSON.stringify([2, 'TransactionStop', { idTag: '04A1', meterStop: 2500 }])
    await parkPlainly('TransactionStop', plainFrameKey(chargerId, 'stop without its time', said))
    await pods.ask(0, asked('2.1', 'TransactionStop', { ...payloads.TransactionStop, timestamp: 'one' }))
    expect(parked()).toHaveLength(1)
  })
})
