import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { z } from 'zod'
import type { IdTokenPage, IdTokenView } from '@voltrail/contracts/rest/id-tokens'
import type { SessionPage } from '@voltrail/contracts/rest/sessions'
import { startProduct, type Product } from '@voltrail/embedded/product'
import { openCharger, timestamp, type Charger } from './fixtures/charger.ts'
import { openRest, type Rest } from './fixtures/rest.ts'

type Sessions = z.infer<typeof SessionPage>
type Tokens = z.infer<typeof IdTokenPage>
interface Answer {
  readonly transactionId: number
  readonly idTagInfo: { readonly status: string; readonly parentIdTag?: string }
}

/** Id tokens on the wire of OCPP 1.6, as a charger and an operator see them. */
describe('an id token', () => {
  let folder: string
  let product: Product
  let rest: Rest
  const chargers: Charger[] = []

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'voltrail-tokens-'))
    product = await startProduct({ dataDir: folder, apiPort: 0, ocppPort: 0 })
    rest = openRest(product.apiUrl, product.operatorKey)
  }, 180_000)
  afterAll(async () => {
    await Promise.all(chargers.map((one) => one.close().catch(() => {})))
    await product.stop()
    await rm(folder, { recursive: true, force: true })
  }, 60_000)

  const issue = (token: string, more: object = {}) =>
    rest.send<IdTokenView>('POST', '/v1/id-tokens', { token, status: 'Accepted', ...more })
  const connected = async (id: string): Promise<Charger> => {
    const cp = openCharger(product.ocppUrl, { id })
    chargers.push(cp)
    await cp.connect()
    await cp.call('BootNotification', { chargePointVendor: 'Acme', chargePointModel: 'One' })
    return cp
  }
  const authorize = async (cp: Charger, idTag: string) => (await cp.call<Answer>('Authorize', { idTag })).idTagInfo
  const start = (cp: Charger, idTag: string, connectorId = 1) =>
    cp.call<Answer>('StartTransaction', { connectorId, idTag, meterStart: 100, timestamp: timestamp(1) })
  const stop = async (cp: Charger, transactionId: number, idTag: string) =>
    (await cp.call<Answer>('StopTransaction', { transactionId, idTag, meterStop: 600, timestamp: timestamp(0) }))
      .idTagInfo
  const remoteStart = (cp: Charger, body: object) =>
    rest.send<{ outcome: string }>('POST', `/v1/chargers/${cp.id}/commands/RemoteStart`, body)
  const lastStart = (cp: Charger) => cp.calls.findLast(({ action }) => action === 'RemoteStartTransaction')?.params
  const sessionOf = async (cp: Charger, holds: (one: Sessions['items'][0]) => boolean) => {
    const { items } = await rest.eventually<Sessions>(`/v1/sessions?chargerId=${cp.id}`, (page) =>
      page.items.some(holds),
    )
    return items.find(holds)!
  }

  it('reaches a charger by a remote start as that charger writes it', async () => {
    await issue('04AB12CD')
    const cp = await connected('TOK-SPELLING')
    expect(await authorize(cp, '  04ab12cd ')).toEqual({ status: 'Accepted' })
    expect(await remoteStart(cp, { idToken: '04AB12CD', evseId: 1 })).toMatchObject({ outcome: 'result' })
    expect(lastStart(cp)).toEqual({ connectorId: 1, idTag: '  04ab12cd ' })
    // 30 characters of which 20 are space go into a frame without them
    await cp.call('Authorize', { idTag: '          04ab12cd          ' })
    await remoteStart(cp, { idToken: '04AB12CD' })
    expect(lastStart(cp)).toEqual({ idTag: '04ab12cd' })
    const other = await connected('TOK-OTHER-SPELLING')
    await remoteStart(other, { idToken: '04AB12CD' })
    expect(lastStart(other)).toEqual({ idTag: '04AB12CD' })
  })

  it('of more than 20 characters is started by its alias, and the session is its own', async () => {
    const token = 'DE-8AC-C12E46L89-DRIVER-7'
    const issued = await issue(token, { type: 'eMAID', groupToken: 'FAMILY' })
    expect(issued).toMatchObject({ token, type: 'eMAID', alias: expect.stringMatching(/^VT[0-9A-F]{18}$/) as string })
    const { alias } = issued
    expect(await rest.get<IdTokenView>(`/v1/id-tokens/${alias}`)).toEqual(issued)
    const { items } = await rest.eventually<Tokens>('/v1/id-tokens', (page) =>
      page.items.some((one) => one.ref === issued.ref),
    )
    // the alias is shown with its token, and is none beside it
    expect(items.filter((one) => one.token === token || one.token === alias)).toEqual([issued])

    const cp = await connected('TOK-LONG')
    expect(await remoteStart(cp, { idToken: { value: token.toLowerCase(), type: 'eMAID' } })).toMatchObject({
      outcome: 'result',
    })
    expect(lastStart(cp)).toEqual({ idTag: alias })
    const begun = await start(cp, alias!)
    expect(begun.idTagInfo).toEqual({ status: 'Accepted', parentIdTag: 'FAMILY' })
    const session = await sessionOf(cp, (one) => one.transactionId === String(begun.transactionId))
    expect(session.idToken).toEqual({ ref: issued.ref, type: 'eMAID', token, erased: false })
    expect(await stop(cp, begun.transactionId, alias!)).toEqual({ status: 'Accepted', parentIdTag: 'FAMILY' })
  })

  it('of more than 20 characters that nobody issued is refused for a remote start, saying what to do', async () => {
    const cp = await connected('TOK-NEVER-ISSUED')
    const refused = remoteStart(cp, { idToken: 'DE-8AC-NOBODY-HAS-THIS-ONE' })
    await expect(refused).rejects.toThrow(/: 422 .*at most 20 characters, this one has 26 .*issue it first/)
    await expect(refused).rejects.not.toThrow('NOBODY-HAS')
    expect(lastStart(cp)).toBeUndefined()
  })

  it('tells its group in every answer, and another of the group may stop what it started', async () => {
    await issue('GROUPCARD1', { groupToken: 'GROUP1' })
    await issue('GROUPCARD2', { groupToken: 'GROUP1' })
    const cp = await connected('TOK-GROUP')
    const ofGroup = { status: 'Accepted', parentIdTag: 'GROUP1' }
    expect(await authorize(cp, 'GROUPCARD1')).toEqual(ofGroup)
    const begun = await start(cp, 'GROUPCARD1')
    expect(begun.idTagInfo).toEqual(ofGroup)
    expect(await stop(cp, begun.transactionId, 'GROUPCARD2')).toEqual(ofGroup)
    const session = await sessionOf(cp, (one) => one.state === 'stopped')
    expect(session.idToken).toMatchObject({ token: 'GROUPCARD1', type: 'ISO14443' })
  })

  it('stops a session that is none of its own or its group’s: recorded and answered with what it is worth itself', async () => {
    await issue('STARTER1', { groupToken: 'GROUP2' })
    await issue('BLOCKED1', { status: 'Blocked' })
    const cp = await connected('TOK-STRANGER')
    const [one, two] = [await start(cp, 'STARTER1', 1), await start(cp, 'STARTER1', 2)]
    expect(await stop(cp, one.transactionId, 'BLOCKED1')).toEqual({ status: 'Blocked' })
    expect(await stop(cp, two.transactionId, 'NOBODYKNOWS')).toEqual({ status: 'Invalid' })
    for (const { transactionId } of [one, two])
      expect(
        await sessionOf(cp, (found) => found.transactionId === String(transactionId) && found.state === 'stopped'),
      ).toMatchObject({ energyWh: 500, idToken: { token: 'STARTER1' } })
  })

  it('of a long group is told with the alias of the group', async () => {
    const groupToken = 'DE-8AC-FLEET-WITH-A-LONG-NAME'
    await issue('LONGGROUP1', { groupToken })
    await issue('LONGGROUP2', { groupToken })
    const cp = await connected('TOK-LONG-GROUP')
    const [first, second] = [await authorize(cp, 'LONGGROUP1'), await authorize(cp, 'LONGGROUP2')]
    expect(first.parentIdTag).toMatch(/^VT[0-9A-F]{18}$/)
    expect(second).toEqual(first)
  })
})
