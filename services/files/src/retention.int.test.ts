import { openFileHouse } from './fixtures/file-house.ts'
import { removeExpired } from './retention.ts'

const day = 86_400_000

describe('uploads whose time is over', () => {
  let house: Awaited<ReturnType<typeof openFileHouse>>
  beforeEach(async () => {
    house = await openFileHouse()
  })
  afterEach(() => house.stop())

  const upload = async (requestId: number) => {
    const { user, password } = house.credential(requestId)
    const put = await fetch(house.url(`/${user}/${password}/log.txt`), { method: 'PUT', body: `log ${requestId}` })
    expect(put.status).toBe(201)
  }
  const clean = (after: number) =>
    removeExpired({ store: house.store, transfers: house.transfers, keepMs: 30 * day, now: () => Date.now() + after })

  it('are removed from the store, and the log still says that they were there', async () => {
    await house.begun(1)
    await upload(1)
    await house.ended(1)
    expect([await clean(29 * day), (await house.objects()).length]).toEqual([0, 1])
    expect([await clean(31 * day), await house.objects()]).toEqual([1, []])
    expect(await house.files()).toMatchObject([{ name: 'log.txt', bytes: 5 }])
    expect(await clean(31 * day)).toBe(0)
  })
  it('are kept as long as their request is open, and so is every firmware image', async () => {
    await house.begun(1)
    await house.begun(11)
    await upload(1)
    await upload(11)
    await house.ended(11)
    await house.image('one.bin', 'firmware')
    expect(await clean(400 * day)).toBe(1)
    expect((await house.objects()).map((name) => name.split('/').slice(0, 4).join('/'))).toEqual([
      'firmware/default/one=2ebin/1',
      'transfers/default/CP=201/1',
    ])
  })
})
