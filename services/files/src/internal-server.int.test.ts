import { Readable } from 'node:stream'
import { listen } from '@voltrail/runtime/listen'
import { openFileHouse } from './fixtures/file-house.ts'
import { createInternalServer } from './internal-server.ts'

describe('what the api asks the file service', () => {
  const token = 'a token of the api'
  let house: Awaited<ReturnType<typeof openFileHouse>>
  let server: ReturnType<typeof createInternalServer>
  let port: number
  let heard: boolean
  const ask = (path: string, authorization = `Bearer ${token}`) =>
    fetch(`http://127.0.0.1:${port}${path}`, { headers: { authorization } })
  beforeEach(async () => {
    heard = true
    house = await openFileHouse()
    const { doors, images, transfers } = house
    server = createInternalServer({ ...doors, images, transfers, token, maxBytes: 1_000, knows: () => heard })
    port = await listen(server, { host: '127.0.0.1', port: 0 }, 'the test')
  })
  afterEach(async () => {
    await new Promise((resolve) => {
      server.close(resolve)
      server.closeAllConnections()
    })
    await house.stop()
  })

  it('is what an image is in use by: the open transfers of its name', async () => {
    await house.begun(7, 'Firmware', 'one 1.bin')
    await house.begun(8, 'Firmware', 'other.bin')
    const uses = async () => (await ask('/uses/default/one%201.bin')).json()
    expect(await uses()).toEqual({ campaigns: [], transfers: [{ chargerId: 'CP 1', requestId: 7 }] })
    await house.ended(7)
    expect(await uses()).toEqual({ campaigns: [], transfers: [] })
  })
  it('is not answered before the log was heard to its end: what is in use is not known then', async () => {
    heard = false
    expect((await ask('/uses/default/one.bin')).status).toBe(503)
  })
  it('is refused to whoever has not its key', async () => {
    await house.store.put('transfers/x', Readable.from([Buffer.from('x')]), { maxBytes: 10 })
    for (const path of ['/uses/default/one.bin', '/objects/transfers%2Fx'])
      expect([path, (await ask(path, 'Bearer wrong')).status]).toEqual([path, 401])
  })
  it.each(['/uses/no%20tenant/one.bin', '/uses/default', '/uses/default/%zz', '/else'])(
    'is no question when it is %s',
    async (path) => {
      const { status } = await ask(path)
      expect([path, status === 400 || status === 404]).toEqual([path, true])
    },
  )
})
