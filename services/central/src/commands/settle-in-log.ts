import type { MetadataInput } from '@voltrail/contracts/envelope'
import type { CommandResult } from '@voltrail/contracts/facts'
import type { ChargerId, TenantId } from '@voltrail/contracts/ids'
import { chargerStream } from '@voltrail/contracts/streams'
import { charger } from '@voltrail/domain/charger/charger'
import { settleCommand } from '@voltrail/domain/charger/commands'
import { EventInvalid, EventTooLarge } from '@voltrail/event-store/prepare'
import type { CentralDeps } from '../central-deps.ts'
import { configurationOf } from './configuration-seen.ts'

type Answer = Omit<Parameters<typeof settleCommand>[0], 'configuration'>

/** Records a charger's answer to a command. Of one that no event can carry only the outcome stands there; its frame is the evidence. */
export const settleInLog = async (
  deps: CentralDeps,
  tenant: TenantId,
  chargerId: ChargerId,
  answer: Answer,
  meta: MetadataInput,
) => {
  const settle = (given: Parameters<typeof settleCommand>[0]) =>
    deps.decide(charger, chargerStream(tenant, chargerId), (state) => settleCommand(given, state), meta)
  try {
    return await settle({ ...answer, configuration: configurationOf(answer.result) })
  } catch (error) {
    if (!(error instanceof EventTooLarge) && !(error instanceof EventInvalid)) throw error
    deps.log.warn(
      { err: error, chargerId, commandId: answer.commandId },
      'an answer is recorded without what it carries',
    )
    return settle({ ...answer, result: bare(answer.result) })
  }
}

const bare = (result: CommandResult): CommandResult => {
  const short = (text: string, most: number): string => text.replaceAll('\u0000', '').slice(0, most).toWellFormed()
  switch (result.outcome) {
    case 'result':
      return { ...result, status: short(result.status, 50), payload: {} }
    case 'callError':
      return { ...result, code: short(result.code, 128), description: short(result.description, 255) }
    case 'invalidAnswer':
      return { ...result, violations: result.violations.slice(0, 20).map((one) => short(one, 300)), payload: null }
    case 'timeout':
    case 'notSent':
    case 'unsupported':
      return result
    default:
      return result satisfies never
  }
}
