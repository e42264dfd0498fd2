import type { TenantId } from '@voltrail/contracts/ids'
import { unknownCharger } from '@voltrail/domain/charger/charger'
import { createLog } from '@voltrail/runtime/log'
import type { CentralDeps } from '../central-deps.ts'
import { createTwinVault } from '../oracle/twins.ts'
import { withTokenAsKnown } from './remote-start-token.ts'

const tenant = 'default' as TenantId
const asked = { type: 'RemoteStart' as const, idToken: { value: 'DE-8AC-A-TOKEN-TOO-LONG', type: 'ISO14443' as const } }

describe('the token of a remote start', () => {
  it('is as it was given, once the key under which its spelling and its alias lie is destroyed', async () => {
    const vault = createTwinVault()
    const ref = vault.tokenRef(tenant, asked.idToken.value)
    const [own, alias] = await vault.seal(tenant, ref, ['vt01', 'VT01'])
    const token = {
      terms: { status: 'Accepted' as const, alias: { ref: vault.tokenRef(tenant, 'VT01'), sealed: alias! } },
    }
    const deps = {
      log: createLog({ service: 'test', level: 'silent' }),
      vault,
      lookUps: { token: async () => ({ ref, value: token, lookups: [] }) },
    } as unknown as CentralDeps
    const state = { ...unknownCharger, spellings: [{ tokenRef: ref, own: own! }] }
    expect(await withTokenAsKnown(asked, { tenant, state }, deps)).toEqual({ ...asked, alias: 'vt01' })
    await vault.erase(tenant, ref)
    expect(await withTokenAsKnown(asked, { tenant, state }, deps)).toEqual(asked)
  })
})
