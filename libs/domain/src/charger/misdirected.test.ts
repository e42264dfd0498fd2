import type { ChargerCommand } from '@voltrail/contracts/charger-commands'
import { instant } from '@voltrail/contracts/quantities'
import { charger } from './charger.ts'
import { misdirection } from './misdirected.ts'

const { initialState } = charger
const id = (text: string) => text as Extract<ChargerCommand, { type: 'RemoteStop' }>['transactionId']
const at = instant(0)
const connectors = [0, 1, 2].map((evseId) => ({ evseId })) as unknown as typeof initialState.connectors
const two = { ...initialState, connectors }
const keys = (value: string): Parameters<typeof misdirection>[2] => ({
  keys: [{ key: 'numberofconnectors', value, readonly: true }],
})
const unlock = (evseId: number, force?: true): ChargerCommand => ({
  type: 'UnlockConnector',
  evseId,
  ...(force && { force }),
})
const stop = (transactionId: string, force?: true): ChargerCommand => ({
  type: 'RemoteStop',
  transactionId: id(transactionId),
  ...(force && { force }),
})

describe('a command to a connector', () => {
  it.each<[string, ChargerCommand]>([
    ['RemoteStart', { type: 'RemoteStart', evseId: 3, idToken: { value: 'A', type: 'ISO14443' } }],
    ['UnlockConnector', unlock(3)],
    ['ChangeAvailability', { type: 'ChangeAvailability', evseId: 3, availability: 'Operative' }],
    ['TriggerMessage', { type: 'TriggerMessage', message: 'MeterValues', evseId: 3 }],
    ['GetCompositeSchedule', { type: 'GetCompositeSchedule', evseId: 3, durationSeconds: 60 }],
  ])('%s names those that there are, where there is none like it', (_, command) => {
    expect(misdirection(command, two, undefined)).toBe(
      'the charger has no connector 3: it has 1 to 2. Name one of those, or send it all the same with "force": true',
    )
  })

  it('is sent where the charger has it, by its reports or by its configuration', () => {
    expect(misdirection(unlock(2), two, undefined)).toBeUndefined()
    expect(misdirection(unlock(3), two, keys('3'))).toBeUndefined()
  })

  it('is sent where nobody knows how many there are, where it is forced, and where it is for the whole charger', () => {
    expect(misdirection(unlock(9), initialState, undefined)).toBeUndefined()
    expect(misdirection(unlock(9, true), two, undefined)).toBeUndefined()
    const whole = { type: 'ChangeAvailability', evseId: 0, availability: 'Operative' } as ChargerCommand
    expect(misdirection(whole, two, undefined)).toBeUndefined()
    expect(misdirection({ type: 'TriggerMessage', message: 'Heartbeat' }, two, undefined)).toBeUndefined()
  })
})

describe('a remote stop', () => {
  const open = [
    { transactionId: id('7') },
    { transactionId: id('8') },
  ] as unknown as typeof initialState.openTransactions

  it('of a transaction that the charger never had says which are open', () => {
    expect(misdirection(stop('9'), { ...initialState, openTransactions: open }, undefined)).toBe(
      'the charger is not known to have a transaction 9: open are transactions 7, 8. Correct the id, or send it all the same with "force": true',
    )
    expect(misdirection(stop('9'), initialState, undefined)).toContain('no transaction is open there')
  })

  it('is sent for one that is open, that was closed, that waits for an operator, or that only readings named', () => {
    const evseId = two.connectors[1]!.evseId
    expect(misdirection(stop('7'), { ...initialState, openTransactions: open }, undefined)).toBeUndefined()
    const closedTransactions = [{ transactionId: id('5'), evseId, startedAt: at }]
    expect(misdirection(stop('5'), { ...initialState, closedTransactions }, undefined)).toBeUndefined()
    const parkedStarts = [{ transactionId: id('4') }]
    expect(misdirection(stop('4'), { ...initialState, parkedStarts }, undefined)).toBeUndefined()
    const candidates = [{ namedTransaction: id('3') }] as unknown as NonNullable<typeof initialState.candidates>
    expect(misdirection(stop('3'), { ...initialState, candidates }, undefined)).toBeUndefined()
  })

  it('is sent where it is forced', () => {
    expect(misdirection(stop('9', true), initialState, undefined)).toBeUndefined()
  })
})
