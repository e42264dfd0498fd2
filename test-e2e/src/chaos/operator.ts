import type { CommandAnswer } from '@voltrail/contracts/rest/commands'
import { startTicker } from '@voltrail/runtime/ticker'
import { pick, type Random } from '@voltrail/simulator/random'
import type { Rest } from '../fixtures/rest.ts'
import type { AskedCommand } from '../ledger-judge.ts'

/** How long a charger has to answer. */
const answerMs = 4_000
const mostAtOnce = 8

/** Somebody who keeps sending chargers commands that can be told from each other, whatever answers him. */
export const startOperator = (rest: Rest, chargers: readonly string[], everyMs: number, random: Random) => {
  const asked = new Map<string, AskedCommand[]>(chargers.map((id) => [id, []]))
  const outcomes = new Map<string, number>()
  const running = new Set<Promise<void>>()
  let count = 0
  const ask = async (id: string, mark: string): Promise<void> => {
    const path = `/v1/chargers/${id}/commands/DataTransfer?timeoutMs=${answerMs}`
    const outcome = await rest
      .send<CommandAnswer>('POST', path, { vendorId: 'chaos', messageId: mark })
      .then((answer) => answer.outcome)
      // the api may be away, or not know
      .catch(() => 'no answer')
    asked.get(id)!.push({ mark, outcome })
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
  }
  const ticker = startTicker(
    () => {
      if (running.size >= mostAtOnce) return
      const asking: Promise<void> = ask(pick(random, chargers), `command-${++count}`).finally(() =>
        running.delete(asking),
      )
      running.add(asking)
    },
    { everyMs, onError: () => undefined },
  )
  return {
    /** by charger */
    asked: asked as ReadonlyMap<string, readonly AskedCommand[]>,
    /** how often it came to what */
    outcomes: outcomes as ReadonlyMap<string, number>,
    async stop() {
      await ticker.stop()
      await Promise.all(running)
    },
  }
}
