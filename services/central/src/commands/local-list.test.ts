import type { ChargerCommandRequest } from '@voltrail/contracts/charger-commands'
import type { TenantId, TokenRef } from '@voltrail/contracts/ids'
import type { ListedToken } from '@voltrail/contracts/local-list'
import { unknownCharger } from '@voltrail/domain/charger/charger'
import type { ChargerState } from '@voltrail/domain/charger/charger-state'
import type { IdTokenState } from '@voltrail/domain/id-token'
import { createLog } from '@voltrail/runtime/log'
import type { CentralDeps } from '../central-deps.ts'
import { createTwinVault } from '../oracle/twins.ts'
import { asListed, listPolicy, withListTexts } from './local-list.ts'

const tenant = 'default' as TenantId
const accepted = { status: 'Accepted' } as const

/** Tokens that were issued, over a vault in memory. */
const house = async (tokens: readonly string[]) => {
  const vault = createTwinVault()
  const known = new Map<TokenRef, IdTokenState>()
  for (const text of tokens) {
    const ref = vault.tokenRef(tenant, text)
    const [sealed, group] = await vault.seal(tenant, ref, [text, 'FAMILY'])
    known.set(ref, {
      idToken: { ref, type: 'ISO14443', sealed: sealed! },
      terms: { status: 'Accepted', group: { ref: vault.tokenRef(tenant, 'FAMILY'), sealed: group! } },
    })
  }
  const refOf = (text: string) => vault.tokenRef(tenant, text)
  const withState = (state: ChargerState) =>
    ({
      log: createLog({ service: 'test', level: 'silent' }),
      vault,
      lookUps: { token: async (_: TenantId, ref: TokenRef) => ({ ref, value: known.get(ref) ?? {}, lookups: [] }) },
      load: async () => ({ state, revision: 0 }),
    }) as unknown as CentralDeps
  const texts = async (listed: readonly ListedToken[], state = unknownCharger) =>
    withListTexts(withState(state), tenant, {
      chargerId: 'CP1',
      command: { type: 'SendLocalList', listVersion: 1, updateType: 'Full', entries: [] },
      listed,
    } as unknown as ChargerCommandRequest)
  return { vault, refOf, texts, deps: withState(unknownCharger) }
}
const listed = (tokenRef: TokenRef, groupRef?: TokenRef): ListedToken => ({
  tokenRef,
  authorization: { ...accepted, ...(groupRef === undefined ? {} : { groupRef }) },
})

describe('the texts of a local list', () => {
  it('are in the usual form, with the group, and the references stay for the log', async () => {
    const { refOf, texts } = await house(['04ab12cd'])
    const request = await texts([listed(refOf('04ab12cd'), refOf('FAMILY'))])
    expect(request).toMatchObject({
      command: {
        entries: [
          { idToken: { value: '04AB12CD', type: 'ISO14443' }, authorization: { ...accepted, groupToken: 'FAMILY' } },
        ],
      },
      listed: [listed(refOf('04ab12cd'), refOf('FAMILY'))],
    })
  })

  it('are in lower case also for tokens that the charger never named, where it writes all others so', async () => {
    const { vault, refOf, texts } = await house(['04AB', '05CD'])
    const [own] = await vault.seal(tenant, refOf('04AB'), ['04ab'])
    const state = { ...unknownCharger, spellings: [{ tokenRef: refOf('04AB'), own: own! }] }
    expect(await texts([listed(refOf('04AB')), listed(refOf('05CD'))], state)).toMatchObject({
      command: { entries: [{ idToken: { value: '04ab' } }, { idToken: { value: '05cd' } }] },
    })
  })

  it('leave out who was erased; who is to leave the list and has no text any more needs the whole list', async () => {
    const { vault, refOf, texts } = await house(['04AB', '05CD'])
    await vault.erase(tenant, refOf('04AB'))
    expect(await texts([listed(refOf('04AB')), listed(refOf('05CD'))])).toMatchObject({
      command: { entries: [{ idToken: { value: '05CD' } }] },
    })
    expect(await texts([{ tokenRef: refOf('04AB') }])).toEqual({
      refused: expect.stringContaining('send the whole list') as string,
    })
  })

  it('are references in what an operator wants, and in the list that one sends by hand', async () => {
    const { refOf, deps } = await house(['04AB'])
    const asked = { mode: 'selected', groups: ['family'], tokens: ['04ab', '04AB'], whenTooLong: 'refuse' } as const
    expect(await listPolicy(deps, tenant, { ...asked, groups: [...asked.groups], tokens: [...asked.tokens] })).toEqual({
      ...asked,
      groups: [refOf('FAMILY')],
      tokens: [refOf('04AB')],
    })
    expect(await listPolicy(deps, tenant, { ...asked, groups: [], tokens: ['04AB', 'NOBODY'] })).toEqual({
      refused: expect.stringMatching(/those at 1 /) as string,
    })
    expect(
      await asListed(deps, tenant, [
        { idToken: { value: '04ab', type: 'ISO14443' } },
        { idToken: { value: '04AB', type: 'ISO14443' }, authorization: { ...accepted, groupToken: 'FAMILY' } },
      ]),
    ).toEqual([{ tokenRef: refOf('04AB') }, listed(refOf('04AB'), refOf('FAMILY'))])
  })
})
