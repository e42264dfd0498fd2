import { ChargerCommand } from '@voltrail/contracts/charger-commands'
import { CommandResult } from '@voltrail/contracts/facts'
import { answerForLog } from './command-answer.ts'

const idToken = { value: 'PLANTED-TAG', type: 'ISO14443' }
const at = '2026-01-31T12:00:00.000Z'
const namingTokens: readonly object[] = [
  { type: 'RemoteStart', idToken },
  {
    type: 'ReserveNow',
    reservationId: 1,
    evseId: 1,
    idToken: { value: 'X', type: 'Central' },
    groupIdToken: idToken,
    expiresAt: at,
  },
  {
    type: 'SendLocalList',
    listVersion: 1,
    updateType: 'Full',
    entries: [{ idToken, authorization: { status: 'Accepted' } }],
  },
]
const opaque: readonly object[] = [
  { type: 'DataTransfer', vendorId: 'v' },
  { type: 'RawCall', action: 'CustomOperation', payload: {} },
]
const answers: readonly CommandResult[] = [
  { outcome: 'result', status: 'Accepted', payload: { status: 'Accepted', list: ['PLANTED-TAG'] } },
  { outcome: 'result', status: 'PLANTED-TAG', payload: {} },
  { outcome: 'callError', code: 'InternalError', description: 'no such tag PLANTED-TAG' },
  { outcome: 'invalidAnswer', violations: [], payload: { idTag: 'PLANTED-TAG' } },
]

describe('the answer to a command, as the log may hold it', () => {
  it.each([...namingTokens, ...opaque])('names no id token, whatever the charger repeats: %j', (command) => {
    for (const answer of answers) {
      const stored = answerForLog(ChargerCommand.parse(command), answer)
      expect(JSON.stringify(stored)).not.toContain('PLANTED')
      expect(CommandResult.parse(stored).outcome).toBe(answer.outcome)
    }
  })

  it('keeps the status of an opaque call, and any other answer whole', () => {
    const stored = answerForLog(ChargerCommand.parse(opaque[0]), answers[0]!)
    expect(stored).toMatchObject({ status: 'Accepted', payload: { withheld: 'it stands in the sealed frame' } })
    const answer = { outcome: 'result', status: 'Rejected', payload: { status: 'Rejected' } } as const
    expect(answerForLog({ type: 'Reset', kind: 'Soft' }, answer)).toEqual(answer)
    expect(answerForLog(ChargerCommand.parse(namingTokens[0]), answer)).toEqual(answer)
  })

  it('has neither an alias of a token nor a token in another spelling', () => {
    const list = ChargerCommand.parse({
      type: 'SendLocalList',
      listVersion: 1,
      updateType: 'Full',
      entries: [
        { idToken, alias: 'VT1', authorization: { status: 'Accepted', groupToken: 'A-LONG-GROUP', groupAlias: 'VT2' } },
      ],
    })
    const description = 'planted-tag is VT1, its parent VT2'
    expect(answerForLog(list, { outcome: 'callError', code: 'FormationViolation', description })).toMatchObject({
      description: '[id token] is [id token], its parent [id token]',
    })
  })

  it('has no key that the charger repeats, in whatever it answers', () => {
    const key = '00aa'.repeat(10)
    const change = ChargerCommand.parse({ type: 'ChangeConfiguration', key: 'AuthorizationKey', value: key })
    const said = `${key.toUpperCase()} is too long`
    expect(answerForLog(change, { outcome: 'callError', code: 'InternalError', description: said })).toMatchObject({
      description: '[secret] is too long',
    })
    const repeated: CommandResult = {
      outcome: 'result',
      status: 'Accepted',
      payload: { status: 'Accepted', info: said },
    }
    expect(JSON.stringify(answerForLog(change, repeated)).toLowerCase()).not.toContain(key)
  })
})
