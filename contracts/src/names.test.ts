import { type ChargerId, type ConnectionEpoch, SessionId, type TenantId, type TransactionId } from './ids.ts'
import { chargerStream, parseStream, sessionId, sessionParts, sessionStream } from './streams.ts'
import {
  allFacts,
  allPodFacts,
  chargerCommandSubject,
  epochCommands,
  factSubject,
  parseSubject,
  podFactSubject,
} from './subjects.ts'
import { decodeToken, encodeToken } from './tokens.ts'

const tenant = 'default' as TenantId
const strange = ['CP1', 'DE*ABC*E1', 'a.b', 'a>b', 'box 7', 'ü x', '=3d', '日本', '-', '$sys'].map(
  (id) => id as ChargerId,
)

/** NATS: `*` is one token, `>` the rest. */
const matches = (pattern: string, subject: string): boolean => {
  const [p, s] = [pattern.split('.'), subject.split('.')]
  return p.length === s.length && p.every((token, i) => token === '*' || token === s[i])
}

describe('names made of ids', () => {
  it.each(strange)('write %j as one token of a subject, a stream and a key, and read it back', (id) => {
    const token = encodeToken(id)
    expect(token).toMatch(/^[A-Za-z0-9_=-]+$/)
    expect(decodeToken(token)).toBe(id)
  })

  it('keep two different ids apart', () => {
    expect(new Set(strange.map(encodeToken)).size).toBe(strange.length)
  })

  it('refuse a token that nothing can have made', () => {
    for (const token of ['', 'a.b', '=', '=zz', 'ü', '=ff']) expect(() => decodeToken(token)).toThrow()
  })

  it.each(strange)('lead from stream names back to their parts for %j', (id) => {
    const session = sessionId(id, '42' as TransactionId)
    expect(SessionId.parse(session)).toBe(session)
    expect(sessionParts(session)).toEqual({ chargerId: id, transactionId: '42' })
    expect(parseStream(chargerStream(tenant, id))).toEqual({ category: 'charger', tenant, chargerId: id })
    expect(parseStream(sessionStream(tenant, session))).toEqual({ category: 'session', tenant, sessionId: session })
  })

  it('take no stream for theirs that is not', () => {
    for (const stream of ['$streams', 'checkpoint-billing', 'session-', 'charger-UPPER.x', 'token-default.xyz'])
      expect(parseStream(stream)).toBeUndefined()
  })

  it('are matched by the patterns that their responders listen on, and by no other', () => {
    const id = 'DE*1.2' as ChargerId
    const epoch = '7' as ConnectionEpoch
    const fact = factSubject(tenant, id, 'Boot')
    const direct = podFactSubject('central.1', tenant, id, 'Boot')
    const command = chargerCommandSubject(tenant, id, epoch, 'Reset')
    expect(matches(allFacts, fact)).toBe(true)
    expect(matches(allPodFacts('central.1'), direct)).toBe(true)
    expect(matches(epochCommands(tenant, id, epoch), command)).toBe(true)
    expect(matches(epochCommands(tenant, id, '8' as ConnectionEpoch), command)).toBe(false)
    expect(matches(allFacts, direct)).toBe(false)
    expect(parseSubject(fact)).toEqual({ kind: 'fact', tenant, chargerId: id, fact: 'Boot' })
    expect(parseSubject(direct)).toEqual({ kind: 'fact', tenant, chargerId: id, fact: 'Boot' })
    expect(parseSubject(command)).toEqual({ kind: 'charger-command', tenant, chargerId: id, epoch, command: 'Reset' })
  })
})
