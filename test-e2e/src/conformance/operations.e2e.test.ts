import type { ChargerDetail } from '@voltrail/contracts/rest/chargers'
import type { ChargingProfilesView } from '@voltrail/contracts/rest/charging-profiles'
import type { ConfigurationView } from '@voltrail/contracts/rest/configuration'
import type { TransferAnswer, TransferList, TransferView } from '@voltrail/contracts/rest/transfers'
import type { z } from 'zod'
import { timestamp } from '../fixtures/charger.ts'
import { accepted, openConformance, type CaseCharger } from '../fixtures/conformance.ts'
import { until } from '../fixtures/until.ts'

/** OCA compliance test document, central system: 3.4 to 3.7, 3.9, 3.10 and 3.13 to 3.20, what an operator asks of a charger. */

const here = openConformance()
/** The answer to a typed command, and to a call. */
const told = (status: string) => ({ outcome: 'result', status })
const said = (status: string) => ({ outcome: 'result', payload: expect.objectContaining({ status }) as unknown })
const detail = (id: string, holds: (view: ChargerDetail) => boolean) =>
  here.rest.eventually<ChargerDetail>(`/v1/chargers/${id}`, holds)

describe.each(['ocpp-rpc', 'ocpp-ts'] as const)('operations, with %s', (client) => {
  const ready = (id: string) => here.ready(client, `${client}-${id}`)
  const charging = async (cp: CaseCharger, more: object = {}): Promise<number> => {
    const { transactionId, idTagInfo } = await cp.start('GOOD', more)
    expect(idTagInfo.status).toBe('Accepted')
    await cp.status('Charging')
    return transactionId
  }
  const stopped = async (cp: CaseCharger, transactionId: number, reason: string): Promise<void> => {
    await cp.status('Finishing')
    expect(await cp.stop(transactionId, reason, { idTag: 'GOOD' })).toMatchObject(accepted)
    await cp.status('Available')
    expect(await here.session(cp.id, ({ state }) => state !== 'active')).toMatchObject({ stopReason: reason })
  }

  describe('remote start and stop', () => {
    const remoteStart = (cp: CaseCharger, more: object = {}) =>
      here.command(cp.id, 'RemoteStart', { idToken: 'GOOD', evseId: 1, ...more })
    const begins = async (cp: CaseCharger): Promise<void> => {
      expect(await cp.call('Authorize', { idTag: 'GOOD' })).toMatchObject(accepted)
      await charging(cp)
      await here.session(cp.id, ({ state }) => state === 'active')
    }

    it('TC_010_CSMS Remote start, cable plugged in first: the charger is asked, and its start accepted', async () => {
      const cp = await ready('010')
      await cp.status('Preparing')
      expect(await remoteStart(cp)).toMatchObject(told('Accepted'))
      expect(cp.received('RemoteStartTransaction')).toEqual([{ connectorId: 1, idTag: 'GOOD' }])
      await begins(cp)
    })

    it('TC_011_1_CSMS Remote start first: the charger is asked before the cable, and its start accepted', async () => {
      const cp = await ready('011-1')
      expect(await remoteStart(cp)).toMatchObject(told('Accepted'))
      expect(cp.received('RemoteStartTransaction')).toEqual([{ connectorId: 1, idTag: 'GOOD' }])
      await cp.status('Preparing')
      await begins(cp)
    })

    it('TC_011_2_CSMS Remote start, time-out: no cable comes, and there is no session', async () => {
      const cp = await ready('011-2')
      expect(await remoteStart(cp)).toMatchObject(told('Accepted'))
      expect(await cp.call('Authorize', { idTag: 'GOOD' })).toMatchObject(accepted)
      await cp.status('Preparing')
      await cp.status('Available')
      expect((await detail(cp.id, ({ lastEventAt }) => lastEventAt !== null)).openTransactions).toEqual([])
    })

    it('TC_012_CSMS Remote stop: the charger is asked to stop its transaction, and its stop accepted', async () => {
      const cp = await ready('012')
      const transactionId = await charging(cp, { timestamp: timestamp(20) })
      expect(await here.command(cp.id, 'RemoteStop', { transactionId })).toMatchObject(told('Accepted'))
      expect(cp.received('RemoteStopTransaction')).toEqual([{ transactionId }])
      await stopped(cp, transactionId, 'Remote')
    })

    it('TC_026_CSMS Remote start, rejected: the operator is told', async () => {
      const cp = await ready('026')
      cp.answers['RemoteStartTransaction'] = { status: 'Rejected' }
      expect(await remoteStart(cp)).toMatchObject(told('Rejected'))
    })

    it('TC_028_CSMS Remote stop, rejected: the operator is told, and the session goes on', async () => {
      const cp = await ready('028')
      const transactionId = await charging(cp)
      cp.answers['RemoteStopTransaction'] = { status: 'Rejected' }
      const other = transactionId === 1 ? 2 : transactionId - 1
      expect(await here.ask(cp.id, 'RemoteStopTransaction', { transactionId: other })).toMatchObject(said('Rejected'))
      expect(cp.received('RemoteStopTransaction')).toEqual([{ transactionId: other }])
      expect(await here.session(cp.id, () => true)).toMatchObject({ state: 'active' })
    })
  })

  describe('reset and unlock', () => {
    const resets = async (id: string, kind: 'Hard' | 'Soft'): Promise<void> => {
      const cp = await ready(id)
      expect(await here.command(cp.id, 'Reset', { kind })).toMatchObject(told('Accepted'))
      expect(cp.received('Reset')).toEqual([{ type: kind }])
      await cp.close()
      const before = (await detail(cp.id, ({ connected }) => !connected)).lastBootAt
      await ready(id)
      await detail(cp.id, ({ connected, lastBootAt }) => connected && lastBootAt !== before)
    }
    it('TC_013_CSMS Hard reset: the charger is asked, and its boot accepted', () => resets('013', 'Hard'))
    it('TC_014_CSMS Soft reset: the charger is asked, and its boot accepted', () => resets('014', 'Soft'))

    const unlock = async (id: string, status: string, connectorId = 1, more: object = {}): Promise<CaseCharger> => {
      const cp = await ready(id)
      cp.answers['UnlockConnector'] = { status }
      expect(await here.command(cp.id, 'UnlockConnector', { connectorId, ...more })).toMatchObject(told(status))
      expect(cp.received('UnlockConnector')).toEqual([{ connectorId }])
      return cp
    }
    it('TC_017_1_CSMS Unlock connector, no session, cable not fixed: the operator is told Unlocked', async () => {
      await unlock('017-1', 'Unlocked')
    })
    it('TC_017_2_CSMS Unlock connector, no session, fixed cable: the operator is told NotSupported', async () => {
      await unlock('017-2', 'NotSupported')
    })
    it('TC_030_CSMS Unlock connector, unlock failure: the operator is told UnlockFailed', async () => {
      await unlock('030', 'UnlockFailed')
    })
    it('TC_031_CSMS Unlock connector, unknown connector: a connector that nobody has is asked for if it is forced', async () => {
      await unlock('031', 'NotSupported', 42, { force: true })
    })
    it('TC_018_1_CSMS Unlock connector with a session: the session ends by it', async () => {
      const cp = await ready('018-1')
      const transactionId = await charging(cp, { timestamp: timestamp(20) })
      expect(await here.command(cp.id, 'UnlockConnector', { connectorId: 1 })).toMatchObject(told('Unlocked'))
      await stopped(cp, transactionId, 'UnlockCommand')
    })
  })

  describe('configuration', () => {
    const snapshot = (id: string, holds: (view: ConfigurationView) => boolean) =>
      here.rest.eventually<ConfigurationView>(`/v1/chargers/${id}/configuration`, holds)
    const configurationKey = [
      { key: 'SupportedFeatureProfiles', readonly: true, value: 'Core,RemoteTrigger' },
      { key: 'MeterValueSampleInterval', readonly: false, value: '60' },
    ]

    it('TC_019_1_CSMS Retrieve all configuration keys: none is named, and the snapshot has them all', async () => {
      const cp = await ready('019-1')
      cp.answers['GetConfiguration'] = { configurationKey, unknownKey: [] }
      expect(await here.command(cp.id, 'GetConfiguration')).toMatchObject({
        outcome: 'result',
        payload: { configurationKey },
      })
      expect(cp.received<{ key?: string[] }>('GetConfiguration').at(-1)?.key ?? []).toEqual([])
      const { keys, fullAt } = await snapshot(cp.id, (view) => view.keys.length === 2)
      expect(keys).toMatchObject(configurationKey.toReversed())
      expect(fullAt).not.toBeNull()
    })

    it('TC_019_2_CSMS Retrieve a specific configuration key: it alone is named', async () => {
      const cp = await ready('019-2')
      cp.answers['GetConfiguration'] = { configurationKey: configurationKey.slice(0, 1), unknownKey: [] }
      await here.command(cp.id, 'GetConfiguration', { keys: ['SupportedFeatureProfiles'] })
      expect(cp.received('GetConfiguration')).toContainEqual({ key: ['SupportedFeatureProfiles'] })
      await snapshot(cp.id, ({ keys }) => keys.some(({ value }) => value === 'Core,RemoteTrigger'))
    })

    const change = async (id: string, key: string, value: string, status: string): Promise<CaseCharger> => {
      const cp = await ready(id)
      cp.answers['ChangeConfiguration'] = { status }
      expect(await here.command(cp.id, 'ChangeConfiguration', { key, value })).toMatchObject(told(status))
      expect(cp.received('ChangeConfiguration')).toEqual([{ key, value }])
      return cp
    }
    it('TC_021_CSMS Change a configuration key: the charger gets key and value, and the snapshot follows', async () => {
      const { id } = await change('021', 'MeterValueSampleInterval', '30', 'Accepted')
      await snapshot(id, ({ keys }) => keys.some(({ value }) => value === '30'))
    })
    it('TC_040_1_CSMS Configuration key not supported: the operator is told', async () => {
      await change('040-1', 'NoSuchKey', '1', 'NotSupported')
    })
    it('TC_040_2_CSMS Configuration key with an invalid value: the operator is told', async () => {
      await change('040-2', 'MeterValueSampleInterval', '-1', 'Rejected')
    })
  })

  describe('the local authorization list', () => {
    const version = async (id: string, listVersion: number): Promise<void> => {
      const cp = await ready(id)
      cp.answers['GetLocalListVersion'] = { listVersion }
      expect(await here.ask(cp.id, 'GetLocalListVersion')).toMatchObject({
        outcome: 'result',
        payload: { listVersion },
      })
      expect(cp.received('GetLocalListVersion')).toContainEqual({})
    }
    it('TC_042_1_CSMS Get local list version, not supported: the answer of a charger without list is told', () =>
      version('042-1', -1))
    it('TC_042_2_CSMS Get local list version, empty: the answer of a charger with an empty list is told', () =>
      version('042-2', 0))

    interface List {
      listVersion: number
      updateType: string
      localAuthorizationList: { idTag: string; idTagInfo?: { status: string } }[]
    }
    const send = async (cp: CaseCharger, listVersion: number, updateType: string, ids: string[], status: string) => {
      cp.answers['SendLocalList'] = { status }
      const entries = ids.map((idToken) => ({ idToken, authorization: { status: 'Accepted' } }))
      expect(await here.command(cp.id, 'SendLocalList', { listVersion, updateType, entries })).toMatchObject(
        told(status),
      )
      const sent = cp.received<List>('SendLocalList').at(-1)
      expect(sent).toMatchObject({ listVersion, updateType })
      expect(sent?.localAuthorizationList).toEqual(
        ids.map((idTag) => ({ idTag, idTagInfo: expect.objectContaining({ status: 'Accepted' }) })),
      )
    }
    it('TC_043_1_CSMS Send local list, not supported: the operator is told', async () =>
      send(await ready('043-1'), 1, 'Full', ['GOOD', 'OTHER'], 'NotSupported'))
    it('TC_043_3_CSMS Send local list, failed: the operator is told', async () =>
      send(await ready('043-3'), 1, 'Full', ['GOOD', 'OTHER'], 'Failed'))
    it('TC_043_4_CSMS Send local list, full: every entry says what its id may do', async () =>
      send(await ready('043-4'), 1, 'Full', ['GOOD', 'OTHER'], 'Accepted'))
    it('TC_043_5_CSMS Send local list, differential: the new entry alone, with a higher version', async () => {
      const cp = await ready('043-5')
      await send(cp, 1, 'Full', ['GOOD'], 'Accepted')
      await send(cp, 2, 'Differential', ['OTHER'], 'Accepted')
    })
  })

  describe('firmware and diagnostics', () => {
    const location = 'https://firmware.example.com/acme.bin'
    const begin = (cp: CaseCharger, what: 'firmware' | 'logs', body: object) =>
      here.rest.send<z.infer<typeof TransferAnswer>>('POST', `/v1/chargers/${cp.id}/${what}`, body)
    const ended = async (cp: CaseCharger, requestId: number): Promise<TransferView> => {
      const of = ({ items }: z.infer<typeof TransferList>) => items.find((one) => one.requestId === requestId)
      const path = `/v1/chargers/${cp.id}/transfers`
      const list = await here.rest.eventually<z.infer<typeof TransferList>>(path, (one) => of(one)?.outcome !== null)
      return of(list) as TransferView
    }
    const firmware = async (id: string): Promise<[CaseCharger, number]> => {
      const cp = await ready(id)
      const { requestId } = await begin(cp, 'firmware', { location, version: '2.0' })
      const [sent] = cp.received<{ location: string; retrieveDate: string }>('UpdateFirmware')
      expect(sent).toMatchObject({ location })
      expect(Date.parse(sent!.retrieveDate)).toBeLessThanOrEqual(Date.now())
      return [cp, requestId]
    }
    const report = async (cp: CaseCharger, ...statuses: string[]): Promise<void> => {
      for (const status of statuses) expect(await cp.call('FirmwareStatusNotification', { status })).toEqual({})
    }

    it('TC_044_1_CSMS Firmware update, download and install: it is done by the boot of the new version', async () => {
      const [cp, requestId] = await firmware('044-1')
      await report(cp, 'Downloading', 'Downloaded')
      await cp.status('Unavailable')
      await report(cp, 'Installing', 'Installed')
      expect(await cp.boot({ firmwareVersion: '2.0' })).toMatchObject({ status: 'Accepted' })
      await cp.status('Available')
      expect(await ended(cp, requestId)).toMatchObject({ outcome: 'Done', firmwareVersion: '2.0' })
    })
    it('TC_044_2_CSMS Firmware update, download failed: it has failed, by the charger’s word', async () => {
      const [cp, requestId] = await firmware('044-2')
      await report(cp, 'Downloading', 'DownloadFailed')
      expect(await ended(cp, requestId)).toMatchObject({ outcome: 'Failed', detail: 'DownloadFailed' })
    })
    it('TC_044_3_CSMS Firmware update, installation failed: it has failed, after a boot of the old version', async () => {
      const [cp, requestId] = await firmware('044-3')
      await report(cp, 'Downloading', 'Downloaded', 'Installing')
      expect(await cp.boot({ firmwareVersion: '1.0' })).toMatchObject({ status: 'Accepted' })
      await report(cp, 'InstallationFailed')
      expect(await ended(cp, requestId)).toMatchObject({ outcome: 'Failed' })
    })

    const diagnostics = async (id: string, status: string, outcome: string): Promise<void> => {
      const cp = await ready(id)
      cp.answers['GetDiagnostics'] = { fileName: 'diagnostics.zip' }
      const { requestId } = await begin(cp, 'logs', { location: 'ftp://user:secret@logs.example.com/in/' })
      expect(cp.received('GetDiagnostics')).toMatchObject([{ location: 'ftp://user:secret@logs.example.com/in/' }])
      for (const word of ['Uploading', status])
        expect(await cp.call('DiagnosticsStatusNotification', { status: word })).toEqual({})
      expect(await ended(cp, requestId)).toMatchObject({ kind: 'DiagnosticsLog', outcome, status })
    }
    it('TC_045_1_CSMS Get diagnostics: the upload is done', () => diagnostics('045-1', 'Uploaded', 'Done'))
    it('TC_045_2_CSMS Get diagnostics, upload failed: the upload has failed', () =>
      diagnostics('045-2', 'UploadFailed', 'Failed'))
  })

  describe('reservations', () => {
    const inAnHour = () => new Date(Math.floor(Date.now() / 1_000) * 1_000 + 3_600_000).toISOString()
    interface Reserved {
      connectorId: number
      expiryDate: string
      idTag: string
      parentIdTag?: string
      reservationId: number
    }
    /** An operator reserves; gives what the charger was sent. */
    const reserve = async (cp: CaseCharger, status: string, more: Partial<Reserved> = {}): Promise<Reserved> => {
      cp.answers['ReserveNow'] = { status }
      const payload = { connectorId: 1, expiryDate: inAnHour(), idTag: 'GOOD', reservationId: 7, ...more }
      expect(await here.ask(cp.id, 'ReserveNow', payload)).toMatchObject(said(status))
      const sent = cp.received<Reserved>('ReserveNow').at(-1)!
      expect({ ...sent, expiryDate: Date.parse(sent.expiryDate) }).toEqual({
        ...payload,
        expiryDate: Date.parse(payload.expiryDate),
      })
      return sent
    }
    const uses = async (cp: CaseCharger, idTag: string, reservationId: number): Promise<void> => {
      expect(await cp.call('Authorize', { idTag })).toMatchObject(accepted)
      await cp.status('Preparing')
      expect(await cp.start(idTag, { reservationId })).toMatchObject(accepted)
      await cp.status('Charging')
      await here.session(cp.id, ({ state }) => state === 'active')
    }

    it('TC_046_CSMS Reservation of a connector, transaction: the id that it is for starts there', async () => {
      const cp = await ready('046')
      const { reservationId } = await reserve(cp, 'Accepted')
      await cp.status('Reserved')
      await uses(cp, 'GOOD', reservationId)
    })
    it('TC_047_CSMS Reservation of a connector, expiry: it names its end, and the connector is available after it', async () => {
      const cp = await ready('047')
      const expiryDate = new Date(Math.floor(Date.now() / 1_000) * 1_000 + 3_000).toISOString()
      await reserve(cp, 'Accepted', { expiryDate })
      await cp.status('Reserved')
      await detail(cp.id, ({ connectors }) => connectors.some(({ status }) => status === 'Reserved'))
      await until('the reservation is over', async () => Date.now() > Date.parse(expiryDate))
      await cp.status('Available')
      await detail(cp.id, ({ connectors }) => connectors.every(({ status }) => status === 'Available'))
    })
    it('TC_048_1_CSMS Reservation, faulted: the operator is told', async () => {
      await reserve(await ready('048-1'), 'Faulted')
    })
    it('TC_048_2_CSMS Reservation, occupied: the operator is told', async () => {
      const cp = await ready('048-2')
      await cp.status('Preparing')
      await reserve(cp, 'Occupied')
    })
    it('TC_048_3_CSMS Reservation, unavailable: the operator is told, of a connector that he took out of service', async () => {
      const cp = await ready('048-3')
      expect(await here.command(cp.id, 'ChangeAvailability', { evseId: 1, availability: 'Inoperative' })).toMatchObject(
        told('Accepted'),
      )
      expect(cp.received('ChangeAvailability')).toEqual([{ connectorId: 1, type: 'Inoperative' }])
      await cp.status('Unavailable')
      await reserve(cp, 'Unavailable')
    })
    it('TC_048_4_CSMS Reservation, rejected: the operator is told', async () => {
      await reserve(await ready('048-4'), 'Rejected')
    })
    it('TC_049_CSMS Reservation of a charge point: connector 0 is reserved, and a start anywhere is taken', async () => {
      const cp = await ready('049')
      const { reservationId } = await reserve(cp, 'Accepted', { connectorId: 0 })
      await cp.status('Reserved')
      await uses(cp, 'GOOD', reservationId)
    })
    it('TC_051_CSMS Cancel a reservation: the one that was made is named, and the connector is available', async () => {
      const cp = await ready('051')
      const { reservationId } = await reserve(cp, 'Accepted')
      await cp.status('Reserved')
      expect(await here.ask(cp.id, 'CancelReservation', { reservationId })).toMatchObject(said('Accepted'))
      expect(cp.received('CancelReservation')).toEqual([{ reservationId }])
      await cp.status('Available')
      await detail(cp.id, ({ connectors }) => connectors.every(({ status }) => status === 'Available'))
    })
    it('TC_052_CSMS Cancel a reservation, rejected: the operator is told', async () => {
      const cp = await ready('052')
      cp.answers['CancelReservation'] = { status: 'Rejected' }
      expect(await here.ask(cp.id, 'CancelReservation', { reservationId: 7 })).toMatchObject(said('Rejected'))
      expect(cp.received('CancelReservation')).toEqual([{ reservationId: 7 }])
    })
    it('TC_053_CSMS Use of a reserved connector with a parent id: another id of the group starts there', async () => {
      const cp = await ready('053')
      const { reservationId } = await reserve(cp, 'Accepted', { parentIdTag: 'FAMILY' })
      await cp.status('Reserved')
      expect(await cp.call('Authorize', { idTag: 'OTHER' })).toMatchObject({ idTagInfo: { parentIdTag: 'FAMILY' } })
      await uses(cp, 'OTHER', reservationId)
    })
  })

  describe('remote trigger', () => {
    const trigger = (cp: CaseCharger, message: string, more: object = {}) =>
      here.command(cp.id, 'TriggerMessage', { message, ...more })

    it('TC_054_CSMS Trigger message: each message is asked for by its name, and taken when it comes', async () => {
      const cp = await ready('054')
      const sampledValue = [{ value: '1234', context: 'Trigger' }]
      const meterValue = [{ timestamp: timestamp(0), sampledValue }]
      const asked: [string, object, () => Promise<unknown>][] = [
        ['MeterValues', { connectorId: 1 }, () => cp.call('MeterValues', { connectorId: 1, meterValue })],
        ['Heartbeat', {}, () => cp.call('Heartbeat')],
        ['StatusNotification', { connectorId: 1 }, () => cp.status('Available')],
        ['DiagnosticsStatusNotification', {}, () => cp.call('DiagnosticsStatusNotification', { status: 'Idle' })],
        ['FirmwareStatusNotification', {}, () => cp.call('FirmwareStatusNotification', { status: 'Idle' })],
      ]
      for (const [message, connector, comes] of asked) {
        expect(await trigger(cp, message, connector)).toMatchObject(told('Accepted'))
        expect(cp.received('TriggerMessage').at(-1)).toEqual({ requestedMessage: message, ...connector })
        await comes()
      }
    })
    it('TC_055_CSMS Trigger message, rejected: the operator is told', async () => {
      const cp = await ready('055')
      cp.answers['TriggerMessage'] = { status: 'Rejected' }
      expect(await trigger(cp, 'MeterValues', { connectorId: 1 })).toMatchObject(told('Rejected'))
    })
  })

  describe('smart charging', () => {
    interface SentProfile {
      connectorId: number
      csChargingProfiles: Record<string, unknown>
    }
    const profile = (purpose: string, more: object = {}) => ({
      profileId: 7,
      stackLevel: 1,
      purpose,
      kind: 'Absolute',
      schedule: {
        unit: 'A',
        durationSeconds: 300,
        startAt: timestamp(0),
        periods: [{ startSeconds: 0, limit: '6', numberPhases: 3 }],
      },
      ...more,
    })
    const put = (cp: CaseCharger, evseId: number, given: object) =>
      here.rest.send('PUT', `/v1/chargers/${cp.id}/charging-profiles`, { evseId, profile: given })
    const installed = (cp: CaseCharger, count: number) =>
      here.rest.eventually<ChargingProfilesView>(
        `/v1/chargers/${cp.id}/charging-profiles`,
        ({ profiles }) => profiles.length === count,
      )
    const chargingSchedule = {
      duration: 300,
      chargingRateUnit: 'A',
      chargingSchedulePeriod: [{ startPeriod: 0, limit: 6, numberPhases: 3 }],
    }

    it('TC_056_CSMS Central smart charging, TxDefaultProfile: it names neither transaction nor recurrency', async () => {
      const cp = await ready('056')
      const valid = { validFrom: timestamp(0), validTo: timestamp(-60) }
      expect(await put(cp, 1, profile('TxDefaultProfile', valid))).toMatchObject(told('Accepted'))
      const [sent] = cp.received<SentProfile>('SetChargingProfile')
      expect(sent).toMatchObject({
        connectorId: 1,
        csChargingProfiles: {
          chargingProfilePurpose: 'TxDefaultProfile',
          chargingProfileKind: 'Absolute',
          validFrom: expect.any(String),
          validTo: expect.any(String),
          chargingSchedule: { ...chargingSchedule, startSchedule: expect.any(String) },
        },
      })
      expect(sent?.csChargingProfiles).not.toHaveProperty('transactionId')
      expect(sent?.csChargingProfiles).not.toHaveProperty('recurrencyKind')
      await installed(cp, 1)
    })

    it('TC_057_CSMS Central smart charging, TxProfile: it names the running transaction', async () => {
      const cp = await ready('057')
      const transactionId = await charging(cp)
      const given = profile('TxProfile', { transactionId: String(transactionId) })
      expect(await put(cp, 1, given)).toMatchObject(told('Accepted'))
      const [sent] = cp.received<SentProfile>('SetChargingProfile')
      expect(sent).toMatchObject({
        connectorId: 1,
        csChargingProfiles: { chargingProfilePurpose: 'TxProfile', transactionId, chargingSchedule },
      })
      expect(sent?.csChargingProfiles).not.toHaveProperty('recurrencyKind')
    })

    it('TC_066_CSMS Get composite schedule: connector, duration and unit are asked for, and the schedule told', async () => {
      const cp = await ready('066')
      cp.answers['GetCompositeSchedule'] = {
        status: 'Accepted',
        connectorId: 1,
        scheduleStart: timestamp(0),
        chargingSchedule,
      }
      const answer = await here.rest.get(`/v1/chargers/${cp.id}/composite-schedule?evseId=1&durationSeconds=300&unit=A`)
      expect(answer).toMatchObject({ outcome: 'result', schedule: { unit: 'A', periods: [{ limit: '6' }] } })
      expect(cp.received('GetCompositeSchedule')).toContainEqual({
        connectorId: 1,
        duration: 300,
        chargingRateUnit: 'A',
      })
    })

    it('TC_067_CSMS Clear charging profile: by its id, by criteria, and all', async () => {
      const cp = await ready('067')
      const transactionId = await charging(cp)
      const absolute = { schedule: { unit: 'A', periods: [{ startSeconds: 0, limit: '16' }] } }
      await put(cp, 0, profile('ChargingStationMaxProfile', { profileId: 1, ...absolute }))
      await put(cp, 1, profile('TxDefaultProfile', { profileId: 2, ...absolute }))
      await put(cp, 1, profile('TxProfile', { profileId: 3, transactionId: String(transactionId), ...absolute }))
      await installed(cp, 3)
      const criteria = { connectorId: 1, chargingProfilePurpose: 'TxDefaultProfile', stackLevel: 1 }
      for (const [payload, left] of [
        [{ id: 1 }, 2],
        [criteria, 1],
        [{}, 0],
      ] as const) {
        expect(await here.ask(cp.id, 'ClearChargingProfile', payload)).toMatchObject(said('Accepted'))
        expect(cp.received('ClearChargingProfile').at(-1)).toEqual(payload)
        await installed(cp, left)
      }
    })

    it('TC_059_CSMS Remote start with a charging profile: a TxProfile without transaction goes along', async () => {
      const cp = await ready('059')
      const { startAt: _, ...schedule } = profile('TxProfile').schedule
      const chargingProfile = profile('TxProfile', { kind: 'Relative', schedule })
      const started = await here.command(cp.id, 'RemoteStart', { idToken: 'GOOD', evseId: 1, chargingProfile })
      expect(started).toMatchObject(told('Accepted'))
      const [sent] = cp.received<{ chargingProfile: object }>('RemoteStartTransaction')
      expect(sent).toMatchObject({
        idTag: 'GOOD',
        connectorId: 1,
        chargingProfile: { chargingProfilePurpose: 'TxProfile', chargingSchedule },
      })
      expect(sent?.chargingProfile).not.toHaveProperty('transactionId')
      expect(await cp.call('Authorize', { idTag: 'GOOD' })).toMatchObject(accepted)
      await cp.status('Preparing')
      await charging(cp)
    })
  })

  describe('data transfer', () => {
    it('TC_064_CSMS Data transfer to a central system: a vendor that nobody knows is UnknownVendorId', async () => {
      const cp = await ready('064')
      const answer = await cp.call('DataTransfer', { vendorId: 'com.example.nobody', messageId: 'x', data: 'hello' })
      expect(answer).toEqual({ status: 'UnknownVendorId' })
    })
    it('OWN_001_CSMS Data transfer to a charge point: vendor, message and data go along, and the answer is told', async () => {
      const cp = await ready('own-1')
      cp.answers['DataTransfer'] = { status: 'Accepted', data: 'hello yourself' }
      const payload = { vendorId: 'com.example', messageId: 'greet', data: 'hello' }
      expect(await here.command(cp.id, 'DataTransfer', payload)).toMatchObject({
        outcome: 'result',
        status: 'Accepted',
        payload: { data: 'hello yourself' },
      })
      expect(cp.received('DataTransfer')).toEqual([payload])
    })
  })
})
