import type { ChargerCommandType } from '@voltrail/contracts/charger-commands'
import { instant } from '@voltrail/contracts/quantities'
import { commandType, readCommand as read } from './command-request.ts'
import { ApiProblem, problemDocument } from './problem.ts'

const made = { now: instant(Date.UTC(2026, 0, 31, 12)), requestId: 41 }
const readCommand = (type: ChargerCommandType, body: unknown) => read(type, body, made)

const problemOf = (act: () => unknown) => {
  try {
    act()
  } catch (error) {
    if (error instanceof ApiProblem) return problemDocument(error, '/here')
    throw error
  }
  throw new Error('nothing was refused')
}

describe('the name of a command', () => {
  it.each(['RemoteStart', 'remote-start', 'RemoteStartTransaction', 'remote-start-transaction'])(
    '%s means RemoteStart',
    (name) => {
      expect(commandType(name)).toBe('RemoteStart')
    },
  )
  it('is answered with 404 and the names there are when it is none', () => {
    const problem = problemOf(() => commandType('explode'))
    expect(problem).toMatchObject({ status: 404 })
    expect(problem.detail).toContain('remote-start')
    expect(problemOf(() => commandType('constructor')).status).toBe(404)
  })
})

describe('the body of a command', () => {
  it('may give the id token as text', () => {
    expect(readCommand('RemoteStart', { evseId: 1, idToken: '04A1' })).toEqual({
      type: 'RemoteStart',
      evseId: 1,
      idToken: { value: '04A1', type: 'ISO14443' },
    })
  })
  it('may give the id token with its type', () => {
    expect(readCommand('RemoteStart', { idToken: { value: 'app', type: 'Central' } })).toEqual({
      type: 'RemoteStart',
      idToken: { value: 'app', type: 'Central' },
    })
  })
  it('takes a connector alone for the EVSE', () => {
    expect(readCommand('RemoteStart', { connectorId: 2, idTag: 'X' })).toMatchObject({ evseId: 2 })
    expect(readCommand('UnlockConnector', { connectorId: 2 })).toEqual({ type: 'UnlockConnector', evseId: 2 })
    expect(readCommand('UnlockConnector', { evseId: 1, connectorId: 2 })).toEqual({
      type: 'UnlockConnector',
      evseId: 1,
      connectorId: 2,
    })
  })
  it('understands the field names of OCPP 1.6', () => {
    expect(readCommand('Reset', { type: 'Soft' })).toEqual({ type: 'Reset', kind: 'Soft' })
    expect(readCommand('ChangeAvailability', { connectorId: 1, type: 'Inoperative' })).toEqual({
      type: 'ChangeAvailability',
      evseId: 1,
      availability: 'Inoperative',
    })
    expect(readCommand('TriggerMessage', { requestedMessage: 'MeterValues', connectorId: 1 })).toEqual({
      type: 'TriggerMessage',
      message: 'MeterValues',
      evseId: 1,
    })
    expect(readCommand('GetConfiguration', { key: ['HeartbeatInterval'] })).toEqual({
      type: 'GetConfiguration',
      keys: ['HeartbeatInterval'],
    })
  })
  it('means the whole charger when an availability names no EVSE', () => {
    expect(readCommand('ChangeAvailability', { availability: 'Operative' })).toMatchObject({ evseId: 0 })
  })
  it.each(['ReserveNow', 'SetChargingProfile', 'GetCompositeSchedule'] as const)(
    'means the whole charger when a %s names no EVSE',
    (type) => {
      const schedule = { unit: 'A', periods: [{ startSeconds: 0, limit: '6' }] }
      const profile = { profileId: 1, stackLevel: 0, purpose: 'TxDefaultProfile', kind: 'Relative', schedule }
      const body = {
        ReserveNow: { reservationId: 1, idToken: 'X', expiresAt: '2026-01-31T13:00:00Z' },
        SetChargingProfile: { profile },
        GetCompositeSchedule: {},
      }[type]
      expect(readCommand(type, body)).toMatchObject({ type, evseId: 0 })
    },
  )
  it('may give every id token as text: of a group and of the entries of a list, too', () => {
    const expiryDate = '2026-01-31T13:00:00Z'
    expect(
      readCommand('ReserveNow', { reservationId: 1, connectorId: 1, idTag: 'A', parentIdTag: 'G', expiryDate }),
    ).toMatchObject({ idToken: { value: 'A' }, groupIdToken: { value: 'G', type: 'ISO14443' } })
    const entries = [{ idToken: 'A' }, { idToken: { value: 'b', type: 'Central' } }]
    expect(readCommand('SendLocalList', { listVersion: 1, updateType: 'Differential', entries })).toMatchObject({
      entries: [{ idToken: { value: 'A', type: 'ISO14443' } }, { idToken: { value: 'b', type: 'Central' } }],
    })
  })
  it('may give a time with any offset and precision', () => {
    const entries = [{ idToken: 'A', authorization: { status: 'Accepted', expiresAt: '2026-01-31T13:00:00Z' } }]
    expect(readCommand('SendLocalList', { listVersion: 1, updateType: 'Full', entries })).toMatchObject({
      entries: [{ authorization: { status: 'Accepted', expiresAt: '2026-01-31T13:00:00.000Z' } }],
    })
    const given = { location: 'ftp://files.example.com/x', retrieveAt: '2026-01-31T14:00:00+02:00' }
    expect(readCommand('UpdateFirmware', given)).toMatchObject({ retrieveAt: '2026-01-31T12:00:00.000Z' })
  })
  it('may give the times of a charging profile so, and no field that is none of it', () => {
    const schedule = { unit: 'A', startAt: '2026-01-31T14:00:00+02:00', periods: [{ startSeconds: 0, limit: '6' }] }
    const validTo = '2026-02-01T00:00:00Z'
    const profile = { profileId: 1, stackLevel: 0, purpose: 'TxDefaultProfile', kind: 'Absolute', validTo, schedule }
    const told = { validTo: '2026-02-01T00:00:00.000Z', schedule: { startAt: '2026-01-31T12:00:00.000Z' } }
    expect(readCommand('SetChargingProfile', { profile })).toMatchObject({ profile: told })
    expect(readCommand('RemoteStart', { idToken: 'A', chargingProfile: profile })).toMatchObject({
      chargingProfile: told,
    })
    const wrong = { ...profile, schedule: { ...schedule, startAt: '2026-13-31T14:00:00Z', unti: 'A' } }
    expect(problemOf(() => readCommand('SetChargingProfile', { profile: wrong })).errors).toMatchObject([
      { path: '/body/profile/schedule/startAt', message: expect.stringMatching(/^must be a date and time/) },
      { path: '/body/profile/schedule', message: 'has no field "unti"' },
    ])
  })
  it('need not name a transfer, nor say when firmware is fetched: now', () => {
    const location = 'https://files.example.com/x'
    expect(readCommand('UpdateFirmware', { location })).toMatchObject({ requestId: 41, retrieveAt: made.now })
    expect(readCommand('GetLog', { location })).toMatchObject({ requestId: 41, log: 'DiagnosticsLog' })
    expect(readCommand('GetLog', { location, requestId: 7 })).toMatchObject({ requestId: 7 })
  })
  it('may give a transaction id as a number', () => {
    expect(readCommand('RemoteStop', { transactionId: 17 })).toEqual({ type: 'RemoteStop', transactionId: '17' })
  })
  it('may be absent when the command has no fields', () => {
    expect(readCommand('ClearCache', undefined)).toEqual({ type: 'ClearCache' })
  })

  it('is refused with the field that is missing', () => {
    expect(problemOf(() => readCommand('RemoteStart', { evseId: 1 }))).toMatchObject({
      status: 400,
      errors: [{ path: '/body/idToken' }],
    })
    expect(problemOf(() => readCommand('UnlockConnector', {}))).toMatchObject({
      status: 400,
      errors: [{ path: '/body/evseId' }],
    })
  })
  it('is refused with what is allowed when a value is not', () => {
    const problem = problemOf(() => readCommand('Reset', { kind: 'Soggy' }))
    expect(problem.errors).toEqual([{ path: '/body/kind', message: 'must be one of "Soft", "Hard"' }])
    expect(problem.detail).toBe('The body is not as it should be: kind must be one of "Soft", "Hard".')
  })
  it('is refused with the fields there are when it has another', () => {
    expect(problemOf(() => readCommand('Reset', { kind: 'Soft', now: true })).errors).toEqual([
      { path: '/body', message: 'has no field "now"; there are kind' },
    ])
  })
  it('is refused when it says the same thing twice', () => {
    expect(problemOf(() => readCommand('RemoteStart', { idTag: 'A', idToken: 'B' }))).toMatchObject({ status: 400 })
  })
  it('is refused when it is no object', () => {
    expect(problemOf(() => readCommand('Reset', []))).toMatchObject({ status: 400 })
    expect(problemOf(() => readCommand('Reset', 'Soft'))).toMatchObject({ status: 400 })
  })
})
