import { ChargerCommand, EpochCommandRequest, type EpochCommandReply } from '@voltrail/contracts/charger-commands'
import type { ChargerId } from '@voltrail/contracts/ids'
import { commandSubject, epochCommands } from '@voltrail/contracts/subjects'
import { instant } from '@voltrail/contracts/quantities'
import { json, openCentral, tenant } from '../fixtures/central-fixture.ts'

const tag = 'PLANTED-TAG'
const secret = 'PLANTED-SECRET'
const idToken = { value: tag, type: 'ISO14443' }
const location = `ftp://user:${secret}@files.example/in`
/** 26 characters of base 32, as our own file service has them */
const ownPassword = 'plantedsecretabcdefghijkl2'
const inPath = `http://files.example/d00001ft6qoxc0abcdefghijklmnop/${ownPassword}/diag.zip`
const signed = `https://s3.example/b/f.bin?X-Amz-Signature=${secret}`
const at = '2026-01-31T12:00:00.000Z'

describe('commands that name people or carry credentials', () => {
  let house: Awaited<ReturnType<typeof openCentral>>
  let chargers = 0
  beforeAll(async () => {
    house = await openCentral()
  }, 60_000)
  afterAll(() => house.close())

  /** A charger that repeats everything that it is told, also where it should not. */
  const echoing = async (id: string) => {
    const cp = house.charger(id)
    const { epoch } = await cp.connect()
    const edge = house.bus.respond(epochCommands(tenant, id as ChargerId, epoch), {}, async (message) => {
      const { command } = EpochCommandRequest.parse(JSON.parse(Buffer.from(message.data).toString('utf8')))
      const reply: EpochCommandReply = {
        result: { outcome: 'result', status: 'Accepted', payload: { status: 'Accepted', echo: tag } },
        // the edge has redacted secrets by now
        frames: {
          sent: `[2,"1",${JSON.stringify({ ...command, location: '', value: '' })}]`,
          received: `[3,"1",{"echo":"${tag}"}]`,
        },
      }
      message.reply(json(reply))
    })
    await edge.ready
    return cp
  }
  const textOf = async (cp: { events(): Promise<readonly object[]> }) =>
    JSON.stringify(await cp.events(), (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value))

  it.each<object>([
    { type: 'RemoteStart', idToken },
    {
      type: 'ReserveNow',
      reservationId: 1,
      evseId: 1,
      idToken,
      groupIdToken: idToken,
      expiresAt: '2099-01-31T12:00:00.000Z',
    },
    {
      type: 'SendLocalList',
      listVersion: 1,
      updateType: 'Full',
      entries: [{ idToken, authorization: { status: 'Accepted', groupToken: tag } }],
    },
    { type: 'DataTransfer', vendorId: 'v', data: `${tag} ${secret}` },
    { type: 'RawCall', action: 'CustomOperation', payload: { tag, secret } },
    { type: 'UpdateFirmware', requestId: 1, location, retrieveAt: at },
    { type: 'GetLog', requestId: 1, log: 'SecurityLog', location },
    { type: 'GetLog', requestId: 1, log: 'SecurityLog', location: inPath },
    { type: 'UpdateFirmware', requestId: 1, location: signed, retrieveAt: at },
    { type: 'ChangeConfiguration', key: 'Upload', value: inPath },
    { type: 'ChangeConfiguration', key: 'Upload', value: signed },
  ])('leave no tag and no secret in clear in the log: %j', async (command) => {
    const { type } = command as { type: string }
    const id = `CP-${(chargers += 1)}`
    const cp = await echoing(id)
    const parsed = ChargerCommand.parse(command)
    expect(await house.command(id, parsed)).toMatchObject({ outcome: 'result', payload: { echo: tag } })
    const text = await textOf(cp)
    expect(text).toContain('CommandSettled')
    expect(text).not.toContain(secret)
    expect(text).not.toContain(ownPassword)
    // what a charger answers to these names nobody
    if (!['UpdateFirmware', 'GetLog', 'ChangeConfiguration'].includes(type)) expect(text).not.toContain(tag)
  })

  it('are sealed also when their answer comes late', async () => {
    const cp = await echoing('CP-late')
    await house.command('CP-late', { type: 'RawCall', action: 'CustomOperation', payload: {} }, 'late-1')
    const result = { outcome: 'result', status: 'Accepted', payload: {} } as const
    await cp.answer({ type: 'LateAnswer', commandId: 'late-1', result }, { frame: `[3,"1",{"card":"${tag}"}]` })
    expect(await textOf(cp)).not.toContain(tag)
  })

  it('say in the log who gave them, and that they were a call', async () => {
    const cp = await echoing('CP-call')
    const outcome = await house.bus.request(
      commandSubject(tenant, 'ClearCache'),
      json({
        commandId: 'call-1',
        chargerId: 'CP-call',
        actor: { kind: 'operator', id: 'operator-key' },
        requestedAt: instant(Date.now()),
        timeoutMs: 2_000,
        asCall: true,
        command: { type: 'ClearCache' },
      }),
      { timeoutMs: 10_000 },
    )
    expect(outcome.kind).toBe('reply')
    const requested = (await cp.events()).find(({ type }) => type === 'CommandRequested')
    expect(requested).toMatchObject({
      data: { commandId: 'call-1', asCall: true, command: { type: 'ClearCache' } },
      metadata: { actor: { kind: 'operator', id: 'operator-key' } },
    })
  })
})
