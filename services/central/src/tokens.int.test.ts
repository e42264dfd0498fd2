import type { ChargerCommand } from '@voltrail/contracts/charger-commands'
import type { FactOf } from '@voltrail/contracts/facts'
import type { ClearIdToken, StoredIdToken } from '@voltrail/contracts/personal'
import { instant } from '@voltrail/contracts/quantities'
import { tokenStream } from '@voltrail/contracts/streams'
import { epochCommands } from '@voltrail/contracts/subjects'
import { aliasCandidate } from './commands/token-alias.ts'
import { json, openCentral, tenant } from './fixtures/central-fixture.ts'

const minutesAgo = (minutes: number) => instant(Date.now() - minutes * 60_000)
const time = (minutes: number) => ({ raw: minutesAgo(minutes), at: minutesAgo(minutes) })
/** As an OCPP 1.6 charger names one. */
const shown = (value: string): ClearIdToken => ({ value, type: 'Unknown' })
const start = (
  idToken: ClearIdToken,
  at: ReturnType<typeof time>,
  change: Partial<FactOf<'TransactionStart'>> = {},
): FactOf<'TransactionStart'> => ({
  type: 'TransactionStart',
  evseId: 1,
  connectorId: 1,
  idToken,
  meterStart: { value: '100', unit: 'Wh' },
  time: at,
  raw: { connector: String(change.evseId ?? 1), idToken: idToken.value, timestamp: at.raw, meterStart: '100' },
  ...change,
})
const stop = (idToken: ClearIdToken, transactionId?: string): FactOf<'TransactionStop'> => ({
  type: 'TransactionStop',
  ...(transactionId === undefined ? {} : { transactionId: transactionId as never }),
  idToken,
  meterStop: { value: '600', unit: 'Wh' },
  time: time(0),
  samples: [],
  raw: { transaction: transactionId ?? '-1', idToken: idToken.value, timestamp: minutesAgo(0), meterStop: '600' },
})

const textOf = (events: readonly { data: unknown; metadata: unknown }[]) =>
  JSON.stringify(events.map(({ data, metadata }) => [data, metadata]))

describe('id tokens at central', () => {
  let house: Awaited<ReturnType<typeof openCentral>>
  beforeAll(async () => {
    house = await openCentral()
  }, 60_000)
  afterAll(() => house.close())

  const issue = (value: string, more: object = {}, type: ClearIdToken['type'] = 'ISO14443') =>
    house.admin({ type: 'PutIdToken', token: { value, type }, status: 'Accepted', ...more })
  const connected = async (id: string) => {
    const cp = house.charger(id)
    await cp.connect()
    return cp
  }
  type Charger = Awaited<ReturnType<typeof connected>>
  /** What the edge of a charger is asked to start. */
  const remoteStart = async (cp: Charger, id: string, idToken: ClearIdToken) => {
    const heard: Extract<ChargerCommand, { type: 'RemoteStart' }>[] = []
    const edge = house.bus.respond(epochCommands(tenant, id as never, cp.epoch as never), {}, async (message) => {
      heard.push((JSON.parse(Buffer.from(message.data).toString('utf8')) as { command: (typeof heard)[0] }).command)
      message.reply(json({ result: { outcome: 'result', status: 'Accepted', payload: {} }, frames: {} }))
    })
    await edge.ready
    expect(await house.command(id, { type: 'RemoteStart', idToken })).toMatchObject({ outcome: 'result' })
    edge.stop()
    return heard[0]
  }
  const streamOf = async (value: string) => {
    const found = []
    for await (const event of house.log.readForward(tokenStream(tenant, house.vault.tokenRef(tenant, value)), 0))
      found.push(event)
    return found
  }
  const opened = async (stored: StoredIdToken) => {
    const { sealed } = stored
    return house.vault.open(tenant, sealed)
  }
  const starter = async (cp: Charger, transactionId: string) =>
    ((await cp.sessionEvents(transactionId))[0]!.data as { idToken: StoredIdToken }).idToken

  describe('spelled by a charger', () => {
    it('are told to it as it wrote them last, and to others as they were given', async () => {
      await issue('04AB12CD')
      const [cp, other] = [await connected('CP-spells'), await connected('CP-never-saw')]
      await cp.answer({ type: 'Authorize', idToken: shown('  04ab12cd ') })
      expect((await remoteStart(cp, 'CP-spells', shown('04AB12CD')))?.idToken.value).toBe('  04ab12cd ')
      expect((await remoteStart(other, 'CP-never-saw', shown('04Ab12Cd')))?.idToken.value).toBe('04Ab12Cd')
      const begun = await cp.answer(start(shown('04aB12cD'), time(1)))
      await cp.answer(stop(shown('04aB12cD'), begun.transactionId))
      expect((await remoteStart(cp, 'CP-spells', shown('04ab12cd')))?.idToken.value).toBe('04aB12cD')
      await cp.answer({ type: 'Authorize', idToken: shown('04AB12CD') })
      expect((await remoteStart(cp, 'CP-spells', shown('04ab12cd')))?.idToken.value).toBe('04AB12CD')
    })

    it('lie sealed in the log, under the key of the token', async () => {
      const cp = await connected('CP-sealed')
      await cp.answer({ type: 'Authorize', idToken: shown('secret-card') })
      await remoteStart(cp, 'CP-sealed', shown('SECRET-CARD'))
      expect(textOf(await cp.events())).not.toMatch(/secret-card/i)
      await house.vault.erase(tenant, house.vault.tokenRef(tenant, 'secret-card'))
      const decided = (await cp.events()).find(({ type }) => type === 'AuthorizationDecided')
      const { own } = (decided!.data as { spelling: { own: StoredIdToken['sealed'] } }).spelling
      expect(await house.vault.open(tenant, own)).toEqual({ kind: 'erased' })
    })

    it('are of the kind that they were issued as, which 1.6 does not say', async () => {
      await issue('KIND-KNOWN', {}, 'Central')
      const cp = await connected('CP-kinds')
      const begun = await cp.answer(start(shown('KIND-KNOWN'), time(3)))
      expect((await starter(cp, begun.transactionId)).type).toBe('Central')
      const unknown = await cp.answer(start(shown('KIND-UNKNOWN'), time(1)))
      expect((await starter(cp, unknown.transactionId)).type).toBe('Unknown')
    })
  })

  describe('of more than 20 characters', () => {
    const long = 'DE-8AC-C12E46L89-ABCDEFGH'
    const aliasAt = (value: string, probe: number) => aliasCandidate(house.vault, tenant, value, probe)

    it('have an alias of 20 from when they are issued, sealed, and the same however often they are put', async () => {
      expect(await issue(long, { label: 'Fleet 7' }, 'eMAID')).toMatchObject({ changed: true, revision: '0' })
      expect(await issue(long.toLowerCase(), { label: 'Fleet 7' }, 'eMAID')).toMatchObject({ changed: false })
      const alias = aliasAt(long, 0)
      expect(alias).toMatch(/^VT[0-9A-F]{18}$/)
      const ref = house.vault.tokenRef(tenant, long)
      expect(await streamOf(alias)).toMatchObject([{ type: 'IdTokenAliasGiven', data: { aliasOf: ref } }])
      const [issued] = await streamOf(long)
      expect(issued).toMatchObject({
        data: { alias: { ref: house.vault.tokenRef(tenant, alias), sealed: { owner: ref } } },
      })
      expect(textOf([...(await streamOf(alias)), issued!])).not.toContain(alias)
    })

    it('are started by their alias, and the session that comes back with it is theirs, with their terms', async () => {
      const value = 'DE-8AC-C12E46L89-STARTED'
      await issue(value, { groupToken: 'FLEET' }, 'eMAID')
      const alias = aliasAt(value, 0)
      const cp = await connected('CP-long')
      expect(await remoteStart(cp, 'CP-long', shown(value))).toMatchObject({
        idToken: { value, type: 'eMAID' },
        alias,
      })
      const { authorization, transactionId } = await cp.answer(start(shown(alias.toLowerCase()), time(1)))
      expect(authorization).toEqual({ status: 'Accepted', groupToken: 'FLEET' })
      const idToken = await starter(cp, transactionId)
      expect(idToken).toMatchObject({ ref: house.vault.tokenRef(tenant, value), type: 'eMAID' })
      expect(await opened(idToken)).toEqual({ kind: 'clear', text: value })
      const [begun] = await cp.sessionEvents(transactionId)
      expect((begun!.metadata as { decision: { lookups: object[] } }).decision.lookups).toContainEqual(
        expect.objectContaining({ value: { aliasOf: house.vault.tokenRef(tenant, value) } }),
      )
      expect(await cp.answer(stop(shown(alias), transactionId))).toMatchObject({
        authorization: { status: 'Accepted' },
      })
      expect((await cp.sessionEvents(transactionId)).at(-1)).toMatchObject({ data: { stoppedBy: 'starter' } })
      // the charger wrote the alias in its own way
      expect((await remoteStart(cp, 'CP-long', shown(alias)))?.alias).toBe(alias.toLowerCase())
      for (const text of [alias, value])
        expect(textOf([...(await cp.events()), ...(await cp.sessionEvents(transactionId))])).not.toMatch(
          new RegExp(text, 'i'),
        )
      // what the token is worth, its alias is worth
      await house.admin({ type: 'PutIdToken', token: { value, type: 'eMAID' }, status: 'Blocked' })
      let status = ''
      const until = Date.now() + 10_000
      while (status !== 'Blocked' && Date.now() < until)
        status = (await cp.answer({ type: 'Authorize', idToken: shown(alias) })).authorization.status
      expect(status).toBe('Blocked')
    })

    it('get another alias where the first is somebody’s card, and nobody can be issued theirs', async () => {
      const value = 'DE-8AC-C12E46L89-COLLIDES'
      await issue(aliasAt(value, 0))
      await issue(value)
      const [issued] = await streamOf(value)
      expect(issued).toMatchObject({ data: { alias: { ref: house.vault.tokenRef(tenant, aliasAt(value, 1)) } } })
      expect(await issue(aliasAt(value, 1))).toMatchObject({ outcome: 'refused', reason: 'is-an-alias' })
    })

    it('have no alias for a remote start where nobody issued them: the edge is told none', async () => {
      const cp = await connected('CP-never-issued')
      const asked = await remoteStart(cp, 'CP-never-issued', shown('DE-8AC-NEVER-ISSUED-AT-ALL'))
      expect(asked).not.toHaveProperty('alias')
    })

    it('stand for a group by their alias', async () => {
      const group = 'DE-8AC-FLEET-OF-A-LONG-NAME'
      await issue('MEMBER1', { groupToken: group })
      const cp = await connected('CP-long-group')
      const { authorization } = await cp.answer({ type: 'Authorize', idToken: shown('MEMBER1') })
      expect(authorization).toEqual({ status: 'Accepted', groupToken: group, groupAlias: aliasAt(group, 0) })
      const begun = await cp.answer(start(shown('MEMBER1'), time(1)))
      await cp.answer(stop(shown(aliasAt(group, 0)), begun.transactionId))
      expect((await cp.sessionEvents(begun.transactionId)).at(-1)).toMatchObject({ data: { stoppedBy: 'group' } })
    })
  })

  describe('of a group', () => {
    it('stop each other’s sessions, also by a stop that names no transaction; the session keeps its starter', async () => {
      await issue('GROUP-A', { groupToken: 'FAMILY' })
      await issue('GROUP-B', { groupToken: 'FAMILY' })
      await issue('STRANGER')
      const cp = await connected('CP-group')
      const begin = async (evseId: number) =>
        (await cp.answer(start(shown('GROUP-A'), time(1), { evseId, connectorId: 1 }))).transactionId
      const [mine, theirs] = [await begin(1), await begin(2)]
      const unnamed = await cp.answer(start(shown('STRANGER'), time(1), { evseId: 3 }))
      const { authorization } = await cp.answer(stop(shown('GROUP-B'), mine))
      expect(authorization).toEqual({ status: 'Accepted', groupToken: 'FAMILY' })
      const refOf = (value: string) => house.vault.tokenRef(tenant, value)
      const events = await cp.sessionEvents(mine)
      expect(events[0]).toMatchObject({ data: { idToken: { ref: refOf('GROUP-A') } } })
      expect(events.at(-1)).toMatchObject({ data: { idTokenRef: refOf('GROUP-B'), stoppedBy: 'group' } })
      await cp.answer(stop(shown('GROUP-B')))
      expect((await cp.sessionEvents(theirs)).at(-1)).toMatchObject({
        type: 'SessionStopped',
        data: { matched: true, idTokenRef: refOf('GROUP-B'), stoppedBy: 'group' },
      })
      const last = await cp.answer(stop(shown('NOBODY'), unnamed.transactionId))
      expect(last.authorization).toEqual({ status: 'Invalid' })
      expect((await cp.sessionEvents(unnamed.transactionId)).at(-1)).toMatchObject({
        data: { idTokenRef: refOf('NOBODY'), stoppedBy: 'other', authorization: 'Invalid', energyWh: 500 },
      })
    })
  })
})

describe('concurrent use of a token', () => {
  let house: Awaited<ReturnType<typeof openCentral>>
  beforeAll(async () => {
    house = await openCentral()
    await house.addPod('central-other')
  }, 60_000)
  afterAll(() => house.close())

  const pods = ['central-test', 'central-other']
  let chargers = 0
  const connected = async () => {
    const cp = house.charger(`CP-${++chargers}`)
    await cp.connect()
    return cp
  }
  const issue = (value: string, more: object = {}) =>
    house.admin({ type: 'PutIdToken', token: { value, type: 'ISO14443' }, status: 'Accepted', ...more })
  /** A start at a charger of its own, in its own time, told at once; its session is over when its status is known. */
  const statusElsewhere = async (value: string, pod: string, at = time(0)) => {
    const cp = await connected()
    const { authorization, transactionId } = await cp.answer(start(shown(value), at), { pod })
    await cp.answer(stop(shown(value), transactionId))
    return authorization.status
  }
  /** Indices and settings follow the log: asked until every pod says so. */
  const everywhere = async (value: string, status: string) => {
    for (const pod of pods) {
      const until = Date.now() + 20_000
      let found = await statusElsewhere(value, pod)
      while (found !== status && Date.now() < until) found = await statusElsewhere(value, pod)
      expect(found).toBe(status)
    }
  }
  const charging = async (value: string, more: object = {}) => {
    await issue(value, more)
    const cp = await connected()
    const first = start(shown(value), time(1))
    const begun = await cp.answer(first)
    expect(begun.authorization.status).toBe('Accepted')
    return { cp, first, begun }
  }

  it('is allowed where the tenant has said nothing', async () => {
    await charging('NOT-ASKED')
    await everywhere('NOT-ASKED', 'Accepted')
  }, 60_000)

  it('is refused in the answer to a start alone, at the start’s own time, and not to one that is older than 2 minutes', async () => {
    await house.admin({ type: 'ChangeTenantSettings', settings: { concurrentUse: 'refused' } })
    await charging('JUDGED')
    await everywhere('JUDGED', 'ConcurrentTx')
    const cp = await connected()
    for (const pod of pods) {
      const { authorization } = await cp.answer({ type: 'Authorize', idToken: shown('JUDGED') }, { pod })
      expect(authorization.status).toBe('Accepted')
      expect(await statusElsewhere('JUDGED', pod, time(1.5))).toBe('Accepted')
      expect(await statusElsewhere('JUDGED', pod, time(3))).toBe('Accepted')
    }
  }, 60_000)

  it('is the business of a group or fleet whose token it is', async () => {
    await charging('FLEET-CARD', { groupToken: 'FLEET' })
    await charging('ALONE')
    // the index knows of the later one: it knows of the earlier one too
    await everywhere('ALONE', 'ConcurrentTx')
    for (const pod of pods) expect(await statusElsewhere('FLEET-CARD', pod)).toBe('Accepted')
  }, 60_000)

  it('does not count what is open at a charger that is silent', async () => {
    const { cp } = await charging('SILENT')
    await everywhere('SILENT', 'ConcurrentTx')
    await cp.answer({ type: 'Disconnect', code: 1006, reason: '' })
    await everywhere('SILENT', 'Accepted')
  }, 60_000)

  it('is never said to a start that is told again, as another message, re-stamped, or to another pod', async () => {
    const { cp, first, begun } = await charging('RETRIES')
    await everywhere('RETRIES', 'ConcurrentTx')
    const restamped = start(shown('RETRIES'), time(0.5))
    for (const told of [first, restamped, first])
      for (const pod of [...pods, ...pods])
        expect(await cp.answer(told, { pod })).toMatchObject({
          transactionId: begun.transactionId,
          authorization: { status: 'Accepted' },
        })
    expect(await cp.sessionEvents(begun.transactionId)).toHaveLength(1)
    // nor when its session is over, while the token charges somewhere else
    await cp.answer(stop(shown('RETRIES'), begun.transactionId))
    await charging('RETRIES')
    await everywhere('RETRIES', 'ConcurrentTx')
    for (const pod of pods)
      expect(await cp.answer(first, { pod })).toMatchObject({
        transactionId: begun.transactionId,
        authorization: { status: 'Accepted' },
      })
  }, 60_000)
})
