import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { startProduct } from '@voltrail/embedded/product'
import { freezer } from './fixtures/freezer.ts'
import { openRest, type Rest } from './fixtures/rest.ts'
import { until } from './fixtures/until.ts'
import { openModelCharger, type ModelCharger } from './log-away-charger.ts'
import { judgeLog } from './log-away-log.ts'
import { judgeOutage, type OutageReport } from './log-away-judge.ts'
import { chargerModels } from './log-away-models.ts'
import {
  fieldTimes,
  flaps,
  outageName,
  productTimes,
  type Frozen,
  type Outage,
  type RemoteStop,
} from './log-away-outage.ts'

export interface Field {
  readonly secondMs: number
  /** Lets the chargers live through one outage and until all of them are served again. */
  outage(outage: Outage): Promise<OutageReport>
  /** Ends all sessions and holds what chargers were told against the log; gives the differences. */
  finish(): Promise<string[]>
  stop(): Promise<void>
}

const chargersPerModel = 3
const idTag = 'A0A1'

/**
 * The product as it is, on its own servers, and chargers of each model before it.
 * @param speed so many seconds of the field pass in one second; all times of product and chargers are shortened by it
 */
export const openField = async (speed: number, note: (line: string) => void = () => {}): Promise<Field> => {
  const secondMs = 1_000 / speed
  const folder = await mkdtemp(join(tmpdir(), 'voltrail-log-away-'))
  const product = await startProduct({
    dataDir: folder,
    note,
    env: {
      ...process.env,
      ...productTimes(secondMs),
      READMISSIONS_PER_SECOND: String(fieldTimes.readmissionsPerSecond),
    },
  })
  const chargers: ModelCharger[] = []
  const stop = async () => {
    await Promise.all(chargers.map((charger) => charger.stop()))
    await product.stop()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    const rest = openRest(product.apiUrl, product.operatorKey)
    await rest.send('POST', '/v1/id-tokens', { token: idTag, type: 'ISO14443', status: 'Accepted' })
    const storeProcess = product.processes.get('event-store')
    if (storeProcess === undefined) throw new Error('only an event store of our own can be frozen: unset ESDB_URL')
    const store = freezer(storeProcess)
    const add = (id: string, model: keyof typeof chargerModels): ModelCharger => {
      const charger = openModelCharger(product.ocppUrl, { id, model: chargerModels[model], idTag, secondMs })
      chargers.push(charger)
      return charger
    }
    const served = (before: number) => async () =>
      chargers.every((charger) => charger.connected && charger.waitingSince(before) === 0)
    /** Within which chargers are served again: recovery, slow re-admission, their longest pause, a queue to deliver. */
    const soonMs = 60_000 + 300 * secondMs

    for (const model of Object.keys(chargerModels) as (keyof typeof chargerModels)[])
      for (let i = 1; i <= chargersPerModel; i++) add(`CP-${model}-${i}`, model).live()
    for (let i = 1; i <= chargersPerModel; i++) add(`CP-idle-${i}`, 'endless')
    await until('every charger has booted', served(performance.now()), soonMs)

    return {
      secondMs,
      async outage(outage) {
        const name = outageName(outage)
        const quiet = add(`CP-quiet-${outage}`, 'endless')
        quiet.beginQuietSession()
        await until('a quiet session has begun', served(performance.now()), soonMs)
        // sessions are under way everywhere
        await wait(60 * secondMs)
        const begunAt = performance.now()
        const frozen: Frozen[] = []
        const away = async (seconds: number) => {
          const from = await store.freeze()
          await wait(seconds * secondMs)
          frozen.push({ from, to: performance.now() })
          store.thaw()
        }
        note(`${name}: the log stops`)
        const freezing = (async () => {
          if (outage !== 'flap') return away(outage)
          for (let i = 0; i < flaps.times; i++) {
            if (i > 0) await wait(flaps.thereS * secondMs)
            await away(flaps.awayS)
          }
        })()
        await wait((outage === 'flap' ? flaps.awayS : Math.min(outage, 60)) * 0.25 * secondMs)
        const stopping = stopFromAfar(rest, quiet)
        await freezing
        const thawedAt = performance.now()
        note(
          `${name}: the log goes on; ${chargers.filter(({ connected }) => connected).length} of ${chargers.length} chargers are connected`,
        )
        await until(`${name}: every charger is served again`, served(thawedAt), soonMs)
        note(`${name}: every charger is served again after ${Math.round((performance.now() - thawedAt) / secondMs)} s`)
        return judgeOutage({
          outage,
          chargers,
          window: { from: begunAt, to: performance.now() },
          frozen,
          secondMs,
          remoteStop: await stopping,
        })
      },
      async finish() {
        for (const charger of chargers) charger.finish()
        // what waits for a session's end is made in this turn of the loop
        await wait(100)
        await until('every queue is empty', served(Infinity), soonMs)
        return judgeLog(chargers, { rest, eventStoreUrl: product.eventStoreUrl })
      },
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

const stopFromAfar = async (rest: Rest, charger: ModelCharger): Promise<RemoteStop> => {
  const askedAt = performance.now()
  const transactionId = String(charger.ledger[0]!.session.transactionId)
  const answer = await rest.send<{ outcome: string }>('POST', `/v1/chargers/${charger.id}/commands/remote-stop`, {
    transactionId,
  })
  return { charger, askedAt, outcome: answer.outcome }
}
