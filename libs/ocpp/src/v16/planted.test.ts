import { redactFrame } from '../redact.ts'
import { callFrame } from '../framing.ts'
import { inbound16 } from './actions.ts'
import { protocol16 } from './protocol16.ts'
import { said } from './reading.fixture.ts'

const context = { tenant: 'default', chargerId: 'CP1' }
const tag = 'PLANTED-TAG'

describe('planted id tags and secrets', () => {
  it.each([...inbound16.keys()])(
    'stand in no normalisation and no error of %s, in whatever field of a person',
    (action) => {
      for (const field of ['idTag', 'IDTAG', 'parentIdTag', 'rfid', 'emaid', 'vin', 'password', 'AuthorizationKey']) {
        for (const strict of [true, false]) {
          const inbound = protocol16.inbound(action, { [field]: tag, more: { [field]: tag } }, { ...context, strict })
          const told = inbound.kind === 'error' ? inbound.description : JSON.stringify(inbound.normalisations)
          expect([field, told]).toEqual([field, expect.not.stringContaining(tag)])
        }
      }
    },
  )

  it.each([
    { type: 'UpdateFirmware', requestId: 1, retrieveAt: '2026-01-31T12:00:00.000Z' },
    { type: 'GetLog', requestId: 1, log: 'DiagnosticsLog' },
    { type: 'GetLog', requestId: 1, log: 'SecurityLog' },
  ])('of a file’s location are digested in the frame that is kept: %j', (command) => {
    const written = said({ ...command, location: 'ftp://user:PLANTED-SECRET@files.example/in' })
    if (!('payload' in written)) throw new Error(written.unsupported)
    const { text, redacted } = redactFrame(callFrame('1', written.action, written.payload), () => 'digest')
    expect([redacted, text]).toEqual([true, expect.not.stringContaining('PLANTED-SECRET')])
  })
})
