import type { Bus } from '@voltrail/bus/bus'
import { EpochCommandReply } from '@voltrail/contracts/charger-commands'
import type { ChargerCommand, EpochCommandRequest } from '@voltrail/contracts/charger-commands'
import { FactReply, FactRequest } from '@voltrail/contracts/facts'
import type { Fact, FactAnswer } from '@voltrail/contracts/facts'
import { ChargerId, CommandId, ConnectionEpoch, TenantId, TransactionId } from '@voltrail/contracts/ids'
import {
  allFacts,
  allPodFacts,
  centralQueue,
  chargerCommandSubject,
  connectedSubject,
} from '@voltrail/contracts/subjects'

/** How the twin treats a request: not at all, with a reply of the test's choice, or (undefined) as central would. */
export type Treatment = 'silent' | FactReply | undefined

/**
 * Plays central for the edge's tests: answers facts, remembers which fact ids it has answered (as an aggregate does) and
 * keeps what it was asked.
 */
export const startCentralTwin = async (bus: Bus, pod = 'central-0') => {
  /** every request, repeats included */
  const asks: FactRequest[] = []
  /** each fact id once, in the order of its first answer: what the log would hold */
  const facts: FactRequest[] = []
  /** the subject of each request */
  const subjects: string[] = []
  const replies = new Map<string, FactReply>()
  const state = {
    /** decides before the twin does */
    treat: (_request: FactRequest): Treatment | Promise<Treatment> => undefined,
    registration: 'Accepted' as 'Accepted' | 'Pending' | 'Rejected',
    known: true,
    heartbeatSeconds: 300,
  }
  let epoch = 100
  let commands = 0

  const answer = (fact: Fact): FactAnswer => {
    switch (fact.type) {
      case 'Connect':
        return {
          type: 'Connect',
          epoch: ConnectionEpoch.parse(String(++epoch)),
          registration: state.registration,
          known: state.known,
          heartbeatSeconds: state.heartbeatSeconds,
        }
      case 'Boot':
        return { type: 'Boot', registration: state.registration, intervalSeconds: state.heartbeatSeconds }
      case 'Authorize':
        return { type: 'Authorize', authorization: { status: 'Accepted' } }
      case 'TransactionStart':
        return {
          type: 'TransactionStart',
          transactionId: TransactionId.parse('4711'),
          authorization: { status: 'Accepted' },
        }
      case 'TransactionStop':
        return { type: 'TransactionStop', authorization: { status: 'Accepted' } }
      case 'Malformed':
        return { type: 'Malformed', transactionId: TransactionId.parse('4712') }
      case 'VendorData':
        return { type: 'VendorData', status: 'UnknownVendorId' }
      case 'ConnectorStatus':
      case 'MeterValues':
      case 'Disconnect':
      case 'LateAnswer':
        return { type: fact.type }
    }
  }

  const take = async (request: FactRequest): Promise<FactReply | 'silent'> => {
    const treatment = await state.treat(request)
    if (treatment !== undefined) return treatment
    const known = replies.get(request.factId)
    if (known !== undefined) return known
    const reply: FactReply = { outcome: 'answered', pod, answer: answer(request.fact) }
    replies.set(request.factId, reply)
    facts.push(request)
    if (reply.answer.type === 'Connect') {
      const notice = { epoch: reply.answer.epoch, edge: request.edge }
      bus.publish(connectedSubject(request.tenant, request.chargerId), Buffer.from(JSON.stringify(notice)))
    }
    return reply
  }

  const responders = [allFacts, allPodFacts(pod)].map((subject) =>
    bus.respond(subject, { queue: centralQueue }, async (message) => {
      // strict: what the contract refuses would be refused by central too
      const request = FactRequest.parse(JSON.parse(Buffer.from(message.data).toString('utf8')))
      asks.push(request)
      subjects.push(message.subject)
      const reply = await take(request)
      if (reply !== 'silent') message.reply(Buffer.from(JSON.stringify(FactReply.parse(reply))))
    }),
  )
  await Promise.all(responders.map((responder) => responder.ready))

  return {
    asks,
    facts,
    subjects,
    state,
    factsOf: (chargerId: string) => facts.filter((request) => request.chargerId === chargerId).map(({ fact }) => fact),
    epochOf: (chargerId: string): ConnectionEpoch => {
      const request = facts.findLast(({ chargerId: id, fact }) => id === chargerId && fact.type === 'Connect')
      const reply = request && replies.get(request.factId)
      if (reply?.outcome !== 'answered' || reply.answer.type !== 'Connect')
        throw new Error(`${chargerId} never connected`)
      return reply.answer.epoch
    },
    async command(chargerId: string, toEpoch: ConnectionEpoch, command: ChargerCommand, timeoutMs = 2_000) {
      const tenant = TenantId.parse('default')
      const request: EpochCommandRequest = {
        commandId: CommandId.parse(`c${++commands}`),
        tenant,
        chargerId: ChargerId.parse(chargerId),
        epoch: toEpoch,
        timeoutMs,
        command,
      }
      const subject = chargerCommandSubject(tenant, request.chargerId, toEpoch, command.type)
      const outcome = await bus.request(subject, Buffer.from(JSON.stringify(request)), { timeoutMs: timeoutMs + 1_000 })
      if (outcome.kind !== 'reply') return outcome.kind
      return EpochCommandReply.parse(JSON.parse(Buffer.from(outcome.data).toString('utf8')))
    },
    stop: () => responders.forEach((responder) => responder.stop()),
  }
}
export type CentralTwin = Awaited<ReturnType<typeof startCentralTwin>>
