import { Fact } from '@voltrail/contracts/facts'
import { instant } from '@voltrail/contracts/quantities'
import type { TransactionId } from '@voltrail/contracts/ids'
import { protocol16 } from './protocol16.ts'

const context = { tenant: 'default', chargerId: 'CP1' }
const now = instant(Date.UTC(2026, 0, 31, 12))

describe('OCPP 1.6, as the edge uses it', () => {
  it('knows no action that nobody defined', () => {
    for (const action of ['CustomOperation', 'constructor', '__proto__', 'toString']) {
      expect(protocol16.inbound(action, {}, context)).toMatchObject({ kind: 'error', code: 'NotImplemented' })
    }
  })

  it('says that requests of the backend are not supported from the other side', () => {
    expect(protocol16.inbound('Reset', { type: 'Soft' }, context)).toMatchObject({
      kind: 'error',
      code: 'NotSupported',
    })
  })

  it('refuses a payload that is no object, even of a start', () => {
    for (const payload of [[], 'text', 5, null]) {
      expect(protocol16.inbound('StartTransaction', payload, context)).toMatchObject({
        kind: 'error',
        code: 'FormationViolation',
      })
    }
  })

  it('records a start that no rule can read as malformed and answers it with an id', () => {
    const inbound = protocol16.inbound('StartTransaction', { connectorId: {}, idTag: 'A', meterStart: 0 }, context)
    expect(inbound).toMatchObject({ kind: 'fact', fact: { type: 'Malformed', meant: 'TransactionStart' } })
    if (inbound.kind !== 'fact') throw new Error('no fact')
    expect(Fact.safeParse(inbound.fact).success).toBe(true)
    expect(inbound.fact).toMatchObject({ violations: expect.arrayContaining(['/connectorId must be integer']) })
    expect(inbound.answer({ type: 'Malformed', transactionId: '77' as TransactionId }, now)).toEqual({
      transactionId: 77,
      idTagInfo: { status: 'Invalid' },
    })
  })

  it('refuses to send an answer that the official schema refuses', () => {
    const inbound = protocol16.inbound('StartTransaction', {}, context)
    if (inbound.kind !== 'fact') throw new Error('no fact')
    expect(() => inbound.answer({ type: 'Malformed', transactionId: 'x' as TransactionId }, now)).toThrow(
      expect.objectContaining({ name: 'OutboundInvalid', action: 'StartTransaction response' }),
    )
    expect(() => inbound.answer({ type: 'Disconnect' }, now)).toThrow(
      expect.objectContaining({ name: 'AnswerMismatch' }),
    )
  })

  it('survives a payload that is nested without end', () => {
    let deep: object = {}
    for (let i = 0; i < 5000; i++) deep = { deep }
    expect(protocol16.inbound('MeterValues', deep, context)).toMatchObject({ fact: { type: 'Malformed' } })
    expect(protocol16.inbound('Authorize', deep, context)).toMatchObject({ kind: 'error', code: 'FormationViolation' })
    expect(protocol16.settle({ type: 'ClearCache' }, deep)).toMatchObject({ outcome: 'invalidAnswer' })
  })
})
