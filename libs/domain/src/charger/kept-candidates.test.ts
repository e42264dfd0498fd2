import type { ChargerEvent } from '@voltrail/contracts/events/registry'
import type { TokenRef, TransactionId } from '@voltrail/contracts/ids'
import { at, foldHistory } from '../fixtures/given.ts'
import { readRegister } from '../registers.ts'
import { claimedBy } from './candidates.ts'
import { charger } from './charger.ts'

it('readings that name a start which was opened a moment ago, before its session began, are its own', () => {
  const transactionId = '77' as TransactionId
  const history: ChargerEvent[] = [
    {
      type: 'TransactionOpened',
      data: {
        transactionId,
        startKey: 'p',
        evseId: 1,
        connectorId: 1,
        tokenRef: 'a'.repeat(32) as TokenRef,
        startedAt: { receivedAt: at(0), effectiveAt: at(0), reason: 'charger-clock' },
        authorization: 'Accepted',
      },
    },
    {
      type: 'RegistersHeld',
      data: {
        candidates: [
          {
            evseId: 1,
            at: at(5),
            reading: readRegister('5000', 'Wh'),
            contentKey: 'm',
            namedTransaction: transactionId,
          },
        ],
      },
    },
  ]
  expect(claimedBy(foldHistory(charger, history), transactionId)).toHaveLength(1)
})
