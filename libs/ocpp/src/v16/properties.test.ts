import fc from 'fast-check'
import { CommandResult, Fact, type FactAnswer } from '@voltrail/contracts/facts'
import { ChargerCommand, chargerCommandTypes } from '@voltrail/contracts/charger-commands'
import type { TransactionId } from '@voltrail/contracts/ids'
import { instant } from '@voltrail/contracts/quantities'
import { callFrame, parseFrame } from '../framing.ts'
import { quirks } from '../quirks.ts'
import { validate16 } from '../schemas.ts'
import { inbound16, outbound16 } from './actions.ts'
import { protocol16 } from './protocol16.ts'

const context = { tenant: 'default', chargerId: 'CP1' }
const now = instant(Date.UTC(2026, 0, 31, 12))
const knownRules = new Set<string>(quirks.map(({ id }) => id))

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('\u0000', '\ud800', '2026-01-31T12:00:00', '1,5'),
)
const anything = fc.oneof(text, fc.integer(), fc.double(), fc.constant(null), fc.jsonValue(), fc.boolean())

/** Payloads near enough to be read: the fields of the standard, each right, odd or missing. */
const field = (right: fc.Arbitrary<unknown>) =>
  fc.oneof({ weight: 4, arbitrary: right }, { weight: 1, arbitrary: anything })
const sampledValue = fc.record(
  {
    value: field(fc.oneof(fc.integer().map(String), fc.double().map(String))),
    context: field(fc.constantFrom('Sample.Periodic', 'Transaction.End')),
    format: field(fc.constantFrom('Raw', 'SignedData')),
    measurand: field(fc.constantFrom('Voltage', 'Energy.Active.Import.Register')),
    phase: field(fc.constant('L1')),
    unit: field(fc.constantFrom('Wh', 'kWh', 'V', 'Celcius')),
    more: anything,
  },
  { requiredKeys: [] },
)
const meterValue = field(
  fc.array(
    field(
      fc.record(
        {
          timestamp: field(fc.constant('2026-01-31T12:00:00Z')),
          sampledValue: field(fc.array(field(sampledValue), { maxLength: 4 })),
        },
        { requiredKeys: [] },
      ),
    ),
    { maxLength: 3 },
  ),
)
const payload = fc.record(
  {
    connectorId: field(fc.integer({ min: 0, max: 4 })),
    connectorID: anything,
    transactionId: field(fc.integer()),
    idTag: field(fc.string()),
    meterStart: field(fc.nat()),
    meterStop: field(fc.nat()),
    timestamp: field(fc.constant('2026-01-31T12:00:00Z')),
    reservationId: field(fc.integer()),
    reason: field(fc.constant('Local')),
    meterValue,
    transactionData: meterValue,
    errorCode: field(fc.constant('NoError')),
    status: field(fc.constantFrom('Available', 'Charging')),
    chargePointVendor: field(fc.string()),
    chargePointModel: field(fc.string()),
    vendorId: field(fc.string()),
    data: field(fc.string()),
    ['__proto__']: anything,
  },
  { requiredKeys: [] },
)
const anyPayload = fc.oneof({ weight: 5, arbitrary: payload }, { weight: 1, arbitrary: fc.jsonValue() })
const action = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom('Heartbeat', ...inbound16.keys()) },
  { weight: 1, arbitrary: fc.string() },
)

const authorization = fc.record(
  {
    status: fc.constantFrom('Accepted', 'Blocked', 'Expired', 'Invalid', 'ConcurrentTx'),
    expiresAt: fc.integer({ min: 0, max: 4e12 }).map(instant),
    groupToken: fc.string({ maxLength: 40 }),
  },
  { requiredKeys: ['status'] },
)
const transactionId = fc.integer({ min: 1, max: 0x7fff_ffff }).map((id) => String(id) as TransactionId)
const answers: Record<string, fc.Arbitrary<unknown>> = {
  Boot: fc.record({
    type: fc.constant('Boot'),
    registration: fc.constantFrom('Accepted', 'Pending', 'Rejected'),
    intervalSeconds: fc.integer({ min: 1, max: 86_400 }),
  }),
  ConnectorStatus: fc.constant({ type: 'ConnectorStatus' }),
  Authorize: fc.record({ type: fc.constant('Authorize'), authorization }),
  TransactionStart: fc.record({ type: fc.constant('TransactionStart'), transactionId, authorization }),
  MeterValues: fc.constant({ type: 'MeterValues' }),
  TransactionStop: fc.record({ type: fc.constant('TransactionStop'), authorization }, { requiredKeys: ['type'] }),
  VendorData: fc.record(
    {
      type: fc.constant('VendorData'),
      status: fc.constantFrom('Accepted', 'Rejected', 'UnknownMessageId', 'UnknownVendorId'),
      data: fc.string(),
    },
    { requiredKeys: ['type', 'status'] },
  ),
  FirmwareStatus: fc.constant({ type: 'FirmwareStatus' }),
  LogStatus: fc.constant({ type: 'LogStatus' }),
  SecurityEvent: fc.constant({ type: 'SecurityEvent' }),
  CertificateRequest: fc.record({
    type: fc.constant('CertificateRequest'),
    status: fc.constantFrom('Accepted', 'Rejected'),
  }),
  Malformed: fc.record({ type: fc.constant('Malformed'), transactionId }),
}

describe('whatever a charger sends', () => {
  it('is read without an exception into a fact of the contract, a heartbeat or a CALLERROR', () => {
    fc.assert(
      fc.property(action, anyPayload, (name, value) => {
        const frame = parseFrame(callFrame('1', name === '' ? 'x' : name.slice(0, 100), value as object))
        if (frame.kind !== 'call') throw new Error(`unreadable: ${JSON.stringify(frame)}`)
        const before = JSON.stringify(frame.payload)
        const inbound = protocol16.inbound(frame.action, frame.payload, context)
        expect(JSON.stringify(frame.payload)).toBe(before)
        if (inbound.kind === 'error') return
        for (const { rule } of inbound.normalisations) expect([rule, knownRules.has(rule)]).toEqual([rule, true])
        if (inbound.kind === 'fact') {
          const parsed = Fact.safeParse(JSON.parse(JSON.stringify(inbound.fact)))
          if (!parsed.success) throw new Error(`${JSON.stringify(inbound.fact)} ${parsed.error.message}`)
        }
      }),
      { numRuns: 800 },
    )
  })

  it('is never an error for a start, stop or meter values with an object for a payload', () => {
    const energy = fc.constantFrom('StartTransaction', 'StopTransaction', 'MeterValues')
    fc.assert(
      fc.property(energy, payload, (name, value) => protocol16.inbound(name, value, context).kind === 'fact'),
      { numRuns: 300 },
    )
  })

  it('has an answer that the official schema takes', () => {
    fc.assert(
      fc.property(fc.constantFrom(...inbound16.keys()), payload, fc.gen(), (name, value, gen) => {
        const inbound = protocol16.inbound(name, value, context)
        if (inbound.kind !== 'fact') return
        const answer = gen(() => answers[inbound.fact.type]!) as FactAnswer
        const sent: unknown = JSON.parse(JSON.stringify(inbound.answer(answer, now)))
        expect(validate16('response', name, sent)).toEqual([])
      }),
      { numRuns: 300 },
    )
  })

  it('never puts an id tag into a normalisation', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('Authorize', 'StartTransaction', 'StopTransaction'),
        payload,
        fc.constantFrom('idTag', 'IDTAG', 'tagId', 'card'),
        (name, value, key) => {
          const tag = 'TAG-OF-A-PERSON-LONGER-THAN-TWENTY\u0000'
          const inbound = protocol16.inbound(name, { ...value, [key]: tag }, context)
          if (inbound.kind === 'error') expect(inbound.description).not.toContain('PERSON')
          else expect(JSON.stringify(inbound.normalisations)).not.toContain('PERSON')
        },
      ),
    )
  })

  it('settles a command, and never throws', () => {
    const profile = {
      profileId: 1,
      stackLevel: 0,
      purpose: 'TxDefaultProfile',
      kind: 'Relative',
      schedule: { unit: 'A', periods: [{ startSeconds: 0, limit: '16' }] },
    }
    const commands: Record<string, unknown> = {
      RemoteStart: { idToken: { value: 'A', type: 'Central' } },
      RemoteStop: { transactionId: '1' },
      Reset: { kind: 'Soft' },
      UnlockConnector: { evseId: 1 },
      ChangeConfiguration: { key: 'k', value: 'v' },
      ChangeAvailability: { evseId: 1, availability: 'Operative' },
      TriggerMessage: { message: 'Heartbeat' },
      DataTransfer: { vendorId: 'v' },
      ReserveNow: { reservationId: 1, evseId: 1, idToken: { value: 'A', type: 'Central' }, expiresAt: now },
      CancelReservation: { reservationId: 1 },
      SendLocalList: { listVersion: 1, updateType: 'Full', entries: [] },
      SetChargingProfile: { evseId: 1, profile },
      GetCompositeSchedule: { evseId: 1, durationSeconds: 60 },
      UpdateFirmware: { requestId: 1, location: 'https://files.example/1', retrieveAt: now },
      GetLog: { requestId: 1, log: 'SecurityLog', location: 'https://files.example/1' },
      InstallCertificate: { use: 'CentralSystemRootCertificate', pem: 'PEM' },
      DeleteCertificate: {
        certificate: { hashAlgorithm: 'SHA256', issuerNameHash: 'ab', issuerKeyHash: 'cd', serialNumber: '1' },
      },
      GetInstalledCertificateIds: { use: 'CentralSystemRootCertificate' },
      CertificateSigned: { chain: 'PEM' },
      RawCall: { action: 'CustomOperation', payload: {} },
    }
    expect(Object.keys(outbound16).toSorted()).toEqual([...chargerCommandTypes].toSorted())
    const answer = fc.record(
      {
        status: field(fc.constantFrom('Accepted', 'accepted', 'Rejected')),
        data: anything,
        configurationKey: field(fc.array(anything)),
        more: anything,
      },
      { requiredKeys: [] },
    )
    fc.assert(
      fc.property(fc.constantFrom(...chargerCommandTypes), fc.oneof(answer, anything), (type, value) => {
        const command = ChargerCommand.parse({ type, ...(commands[type] as object) })
        const result = protocol16.settle(command, value)
        const parsed = CommandResult.safeParse(JSON.parse(JSON.stringify(result)))
        if (!parsed.success) throw new Error(`${JSON.stringify(result)} ${parsed.error.message}`)
      }),
      { numRuns: 300 },
    )
  })
})
