import { openTestDatabase } from '@voltrail/postgres-dev/test-database'
import type { TestDatabase } from '@voltrail/postgres-dev/test-database'
import { TransactionId } from '@voltrail/contracts/ids'
import { sessionId, sessionStream } from '@voltrail/contracts/streams'
import {
  at,
  charger,
  logOf,
  occurred,
  reading,
  sampleEvents,
  sealed,
  summary,
  tenant,
  token,
} from '../fixtures/events.ts'
import { project, rowsOf } from '../fixtures/projected.ts'
import { loadProjection } from './projection.ts'

let database: TestDatabase
beforeEach(async () => {
  database = await openTestDatabase()
})
afterEach(async () => {
  await database.drop()
})

describe('the load projection', () => {
  it('shows who charges, on which phases, offered and measured, and nothing once a session is over', async () => {
    await project(loadProjection, database.url, sampleEvents())
    const [idle, charging] = await rowsOf(database.url, 'load', 'evses')
    expect(idle).toMatchObject({
      charger_id: 'CP 1',
      evse_id: 1,
      status: 'Preparing',
      session_id: null,
      charging_state: null,
      power_w: null,
      offered_ma: null,
      measured_l1_ma: null,
      energy_wh: null,
    })
    expect(charging).toEqual({
      tenant,
      charger_id: 'CP2',
      evse_id: 2,
      status: null,
      error_code: null,
      session_id: 'CP2.1',
      session_started_at: at(510),
      charging_state: 'Charging',
      energy_wh: 10,
      offered_ma: 16_000,
      measured_l1_ma: 15_900,
      measured_l2_ma: 15_800,
      measured_l3_ma: 15_700,
      voltage_l1_mv: 230_000,
      voltage_l2_mv: null,
      voltage_l3_mv: null,
      power_w: 11_000,
      measured_at: at(520),
      updated_at: at(521),
    })
    expect(await rowsOf(database.url, 'load', 'chargers')).toMatchObject([
      { charger_id: 'CP 1', connected: false, epoch: '5', vendor: 'Vendor', model: 'M1', status: 'Available' },
      { charger_id: 'CP2', connected: true, epoch: '0' },
    ])
  })

  it('gives an EVSE to the newest session, whatever the one before still says', async () => {
    const { events, add } = logOf()
    const idToken = { ref: token, type: 'ISO14443' as const, sealed: sealed('x') }
    const [one, two] = [TransactionId.parse('1'), TransactionId.parse('2')]
    const start = {
      evseId: 1,
      connectorId: 1,
      idToken,
      authorization: { status: 'Accepted' as const, reason: '' },
      startKey: 's',
    }
    const streams = [
      sessionStream(tenant, sessionId(charger, one)),
      sessionStream(tenant, sessionId(charger, two)),
    ] as const
    add(streams[0], 'SessionStarted', { ...start, transactionId: one, startedAt: occurred(0) }, 1)
    add(streams[1], 'SessionStarted', { ...start, transactionId: two, startedAt: occurred(10) }, 11)
    const metered = {
      contentKey: 'm',
      registers: [{ at: at(20), reading: reading(1) }],
      measuredAt: at(20),
      late: false,
      summary: summary(1),
    }
    add(streams[0], 'SessionEnergyMetered', { ...metered, live: { powerW: 99 } }, 20)
    add(streams[1], 'SessionEnergyMetered', { ...metered, live: { powerW: 22 } }, 21)
    add(
      streams[0],
      'SessionStopped',
      {
        stoppedAt: occurred(30),
        reason: 'Local',
        inferred: true,
        energyWh: summary(1).energyWh,
        energySource: 'registers',
        registers: [],
        summary: summary(1),
      },
      31,
    )
    await project(loadProjection, database.url, events)
    expect(await rowsOf(database.url, 'load', 'evses')).toMatchObject([{ session_id: 'CP=201.2', power_w: 22 }])
  })
})
