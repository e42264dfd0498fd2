import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ChargerId, TenantId } from '@voltrail/contracts/ids'
import type { IdTokenView } from '@voltrail/contracts/rest/id-tokens'
import type { LocalListView } from '@voltrail/contracts/rest/local-lists'
import { chargerStream, deviceStream } from '@voltrail/contracts/streams'
import { startProduct, type Product } from '@voltrail/embedded/product'
import { connectEventLog } from '@voltrail/event-store/esdb-log'
import { openListingCharger, type ListingCharger } from './fixtures/listing-charger.ts'
import { openRest, type Rest } from './fixtures/rest.ts'
import { until } from './fixtures/until.ts'

const tenant = TenantId.parse('default')
const patience = 60_000
const long = 'DE-8AC-LISTED-DRIVER-77'

/** Local authorisation lists (OCPP 1.6 §5.15), as a charger and an operator see them. */
describe('the local list of a charger, on the wire', () => {
  let folder: string
  let product: Product
  let rest: Rest
  const chargers: ListingCharger[] = []

  const issue = (token: string, more: object = {}) =>
    rest.send<IdTokenView>('POST', '/v1/id-tokens', { token, status: 'Accepted', ...more })
  const booted = async (id: string, shown: Record<string, string> = {}) => {
    const cp = openListingCharger(product.ocppUrl, id, shown)
    chargers.push(cp)
    await cp.connect()
    await cp.boot()
    return cp
  }
  const put = (id: string, body: object) => rest.send<LocalListView>('PUT', `/v1/chargers/${id}/local-list`, body)
  const eventually = (id: string, holds: (view: LocalListView) => boolean, withinMs = patience) =>
    rest.eventually<LocalListView>(`/v1/chargers/${id}/local-list`, holds, withinMs)
  const inSync = (id: string, entries: number) =>
    eventually(id, (view) => view.state === 'in-sync' && view.entries === entries)

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'voltrail-lists-'))
    product = await startProduct({ dataDir: folder, apiPort: 0, ocppPort: 0 })
    rest = openRest(product.apiUrl, product.operatorKey)
    await issue('LISTA1', { groupToken: 'LISTGROUP', expiresAt: '2099-01-01T00:00:00.000Z' })
    await issue('LISTA2', { groupToken: 'LISTGROUP' })
    await issue('LISTBLOCKED', { groupToken: 'LISTGROUP', status: 'Blocked' })
    await issue(long, { type: 'eMAID' })
    await issue('04ab12cd')
    await issue('LISTB1')
  }, 180_000)
  afterAll(async () => {
    await Promise.all(chargers.map((one) => one.close().catch(() => {})))
    await product.stop()
    await rm(folder, { recursive: true, force: true })
  }, 60_000)

  it('holds whom the operator says, with group and expiry date, a long token by its alias; who is blocked leaves list and cache', async () => {
    const cp = await booted('LIST-1', { AuthorizationCacheEnabled: 'true' })
    const { alias } = await rest.get<IdTokenView>(`/v1/id-tokens/${long}`)
    expect(await rest.get('/v1/chargers/LIST-1/local-list')).toMatchObject({ mode: 'off', state: 'off' })
    await put('LIST-1', { mode: 'selected', groups: ['LISTGROUP'], idTokens: [long.toLowerCase(), '04AB12CD'] })
    const view = await inSync('LIST-1', 4)
    expect(view).toMatchObject({ inherited: false, version: 1, desiredVersion: 1, desiredEntries: 4, failures: 0 })
    expect(Object.fromEntries(cp.list)).toEqual({
      LISTA1: { status: 'Accepted', parentIdTag: 'LISTGROUP', expiryDate: '2099-01-01T00:00:00.000Z' },
      LISTA2: { status: 'Accepted', parentIdTag: 'LISTGROUP' },
      [alias!]: { status: 'Accepted' },
      '04AB12CD': { status: 'Accepted' },
    })
    expect(cp.lists()).toMatchObject([{ listVersion: 1, updateType: 'Full' }])

    // the charger writes it in its own way: what it compares with is what is on its list
    await cp.call('Authorize', { idTag: '04ab12cd' })
    await until('the spelling of the charger', async () => cp.list.has('04ab12cd'), patience)

    await cp.call('Authorize', { idTag: 'LISTA2' })
    await rest.send('PUT', '/v1/id-tokens/LISTA2', { type: 'ISO14443', status: 'Blocked', groupToken: 'LISTGROUP' })
    await until('LISTA2 is gone', async () => !cp.list.has('LISTA2'), patience)
    expect(cp.lists().at(-1)).toMatchObject({
      updateType: 'Differential',
      localAuthorizationList: [{ idTag: 'LISTA2' }],
    })
    await until('the cache is cleared', async () => cp.count('ClearCache') === 1, patience)
    await inSync('LIST-1', 3)
  }, 180_000)

  it('is nowhere in the log in clear', async () => {
    const log = connectEventLog({ connectionString: product.eventStoreUrl })
    try {
      let text = ''
      for (const stream of [chargerStream, deviceStream].map((of) => of(tenant, ChargerId.parse('LIST-1'))))
        for await (const event of log.readForward(stream, 0))
          text += JSON.stringify(event, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
      expect(text).toContain('LocalListWritten')
      for (const tag of ['LISTA1', 'LISTA2', 'LISTGROUP', long, '04ab12cd', '04AB12CD']) expect(text).not.toContain(tag)
    } finally {
      await log.close()
    }
  }, 60_000)

  it('that is too long for the charger adds nobody and says why; shortened, it has those who are named first', async () => {
    const cp = await booted('LIST-SHORT', { LocalAuthListMaxLength: '2' })
    await put('LIST-SHORT', { mode: 'all', idTokens: ['LISTB1'] })
    const refused = await eventually('LIST-SHORT', ({ state }) => state === 'too-long')
    expect(refused.detail).toMatch(/LocalAuthListMaxLength of the charger is 2 and the list would have \d/)
    expect(cp.lists()).toEqual([])
    await put('LIST-SHORT', { mode: 'all', idTokens: ['LISTB1'], whenTooLong: 'shorten' })
    const view = await inSync('LIST-SHORT', 2)
    expect(view.leftOut).toBeGreaterThan(0)
    expect(cp.list.has('LISTB1')).toBe(true)
    await expect(put('LIST-SHORT', { mode: 'selected', idTokens: ['NEVER-ISSUED'] })).rejects.toThrow(
      /: 422 .*those at 0 .*never issued here/,
    )
  }, 180_000)

  it('goes on where it was when upkeep is killed between its parts: nothing twice, nothing left out', async () => {
    const names = Array.from({ length: 9 }, (_, i) => `PART${i}`)
    for (const name of names) await issue(name, { groupToken: 'PARTS' })
    const cp = await booted('LIST-PARTS', { SendLocalListMaxLength: '2' })
    cp.onList = ({ listVersion }) => {
      if (listVersion === 2 || listVersion === 4) product.processes.get('upkeep')?.kill('SIGKILL')
    }
    await put('LIST-PARTS', { mode: 'selected', groups: ['PARTS'] })
    await eventually('LIST-PARTS', (view) => view.state === 'in-sync' && view.entries === 9, 150_000)
    expect([...cp.list.keys()].toSorted()).toEqual(names)
    expect(cp.lists().map(({ listVersion, updateType }) => [listVersion, updateType])).toEqual([
      [1, 'Full'],
      [2, 'Differential'],
      [3, 'Differential'],
      [4, 'Differential'],
      [5, 'Differential'],
    ])
  }, 240_000)

  it('of another version than ours is read, and sent whole above it; on demand, too', async () => {
    const cp = await booted('LIST-CONFLICT')
    await put('LIST-CONFLICT', { mode: 'selected', idTokens: ['LISTA1'] })
    await inSync('LIST-CONFLICT', 1)
    // somebody else wrote it, through another system
    cp.version = 50
    cp.list.clear()
    await put('LIST-CONFLICT', { mode: 'selected', idTokens: ['LISTA1', 'LISTB1'] })
    const view = await inSync('LIST-CONFLICT', 2)
    expect(view.version).toBe(51)
    expect([...cp.list.keys()].toSorted()).toEqual(['LISTA1', 'LISTB1'])
    expect(cp.lists().map(({ listVersion, updateType }) => [listVersion, updateType])).toEqual([
      [1, 'Full'],
      [2, 'Differential'],
      [51, 'Full'],
    ])
    cp.list.clear()
    await rest.send('POST', '/v1/chargers/LIST-CONFLICT/local-list/sync', {})
    await until('the whole list again', async () => cp.list.size === 2, patience)
    expect(cp.lists().at(-1)).toMatchObject({ listVersion: 52, updateType: 'Full' })

    // it comes back without its list
    cp.version = 0
    cp.list.clear()
    await cp.boot()
    await until('the list after the boot', async () => cp.list.size === 2, patience)
  }, 240_000)

  it('that is refused is tried again later; a charger without lists says so and is left alone', async () => {
    const failing = await booted('LIST-FAILING')
    failing.answer = 'Failed'
    const without = await booted('LIST-WITHOUT')
    without.answer = 'NotSupported'
    const off = await booted('LIST-OFF', { LocalAuthListEnabled: 'false' })
    for (const id of ['LIST-FAILING', 'LIST-WITHOUT', 'LIST-OFF'])
      await put(id, { mode: 'selected', idTokens: ['LISTB1'] })
    expect(await eventually('LIST-WITHOUT', ({ state }) => state === 'unsupported')).toMatchObject({ retryAt: null })
    expect((await eventually('LIST-OFF', ({ state }) => state === 'disabled')).detail).toContain('LocalAuthListEnabled')
    const view = await eventually('LIST-FAILING', ({ state }) => state === 'failed')
    expect(view).toMatchObject({ failures: 1, retryAt: expect.any(String) as string })
    expect(off.lists()).toEqual([])
    failing.answer = undefined
    await inSync('LIST-FAILING', 1).catch(() => inSync('LIST-FAILING', 1))
    expect(without.lists()).toHaveLength(1)
  }, 240_000)

  it('is that of the tenant for every charger without a word of its own', async () => {
    const cp = await booted('LIST-DEFAULT')
    expect(await rest.get('/v1/local-list')).toMatchObject({ mode: 'off' })
    await rest.send('PUT', '/v1/local-list', { mode: 'selected', idTokens: ['LISTB1'] })
    const view = await inSync('LIST-DEFAULT', 1)
    expect(view).toMatchObject({ inherited: true, mode: 'selected' })
    expect([...cp.list.keys()]).toEqual(['LISTB1'])
    await put('LIST-DEFAULT', { mode: 'none' })
    await inSync('LIST-DEFAULT', 0)
    expect(cp.list.size).toBe(0)
    await rest.send('PUT', '/v1/local-list', { mode: 'off' })
  }, 180_000)
})
