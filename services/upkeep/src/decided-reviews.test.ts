import type { AdminCommand } from '@voltrail/contracts/admin-commands'
import { ChargerId } from '@voltrail/contracts/ids'
import { instant } from '@voltrail/contracts/quantities'
import { decidedReviews } from './decided-reviews.ts'
import { openHouse } from './fixtures/duty-house.ts'

const subject = 'charger-default.CP1@7'
const decision = { kind: 'attribute', transactionId: '9' } as never
const command: AdminCommand = {
  type: 'SettleReview',
  chargerId: ChargerId.parse('CP1'),
  subject,
  decision,
  note: 'the driver called',
}
const house = () => {
  const opened = openHouse([decidedReviews])
  return {
    ...opened,
    decided: () => opened.onOperator({ type: 'ReviewDecided', data: { subject, decision } }, 'r1', command),
    settled: () =>
      opened.told({ type: 'ReviewSettled', data: { subject, decision: 'attributed', transactionId: '9' as never } }),
    withdrawn: () => opened.told({ type: 'ReviewDecided', data: { subject, decision, refused: 'not-stopped' } }),
  }
}

describe('what an operator decided about a review', () => {
  it('is left to whoever carries it out, and is over once it is settled or withdrawn', async () => {
    for (const end of ['settled', 'withdrawn'] as const) {
      const opened = house()
      await opened.decided()
      await opened[end]()
      await opened.wait(10)
      expect(opened.decisions).toEqual([])
    }
  })

  it('is asked again, in the operator’s name and words, when nothing came of it', async () => {
    const { decided, decisions, decides, settled, wait, now } = house()
    const at = instant(now())
    decides(async () => {
      await settled()
      return { outcome: 'done', changed: true, stream: 'charger-default.CP1', revision: '9' }
    })
    await decided()
    expect(decisions).toEqual([])
    await wait(1)
    expect(decisions).toEqual([
      { requestId: 'carry-on-r1', actor: { kind: 'operator', id: 'ann' }, requestedAt: at, command },
    ])
    await wait(120)
    expect(decisions).toHaveLength(1)
  })

  it('is asked again by the next process, and while central is away, until it is there', async () => {
    const { decided, decisions, decides, settled, restart, wait } = house()
    await decided()
    await wait(2)
    const tries = decisions.length
    expect(tries).toBeGreaterThan(0)
    await restart()
    decides(async () => {
      await settled()
      return { outcome: 'done', changed: true, stream: 'charger-default.CP1', revision: '9' }
    })
    await wait(2)
    expect(decisions.length).toBeGreaterThan(tries)
    const all = decisions.length
    await wait(60)
    expect(decisions).toHaveLength(all)
  })

  it('that has to wait for something else is asked for less and less often', async () => {
    const { decided, decisions, decides, wait } = house()
    decides(async () => ({ outcome: 'refused', reason: 'settle-first', detail: 'its start waits itself' }))
    await decided()
    await wait(60)
    expect(decisions.length).toBeGreaterThan(3)
    expect(decisions.length).toBeLessThan(8)
  })
})
