import type { TenantId, TokenRef } from '@voltrail/contracts/ids'
import { SealBroken } from '@voltrail/key-store/vault-errors'
import { createLog } from '@voltrail/runtime/log'
import type { CentralDeps } from '../central-deps.ts'
import { authorizationOf } from './authorization.ts'

const tenant = 'default' as TenantId
const ref = 'a'.repeat(32) as TokenRef

describe('the answer to an authorisation', () => {
  it('goes without the group when nobody can open it any more', async () => {
    const deps = {
      log: createLog({ service: 'test', level: 'silent' }),
      vault: { open: () => Promise.reject(new SealBroken(tenant, ref, 'it was altered')) },
    } as unknown as CentralDeps
    const token = { terms: { status: 'Accepted' as const, group: { ref, sealed: { owner: ref, key: '', text: '' } } } }
    expect(await authorizationOf(deps, tenant, { status: 'Accepted' }, token)).toEqual({ status: 'Accepted' })
  })
})
