import { z } from 'zod'
import type { CommandResult } from '@voltrail/contracts/facts'
import type { EventNamed } from '@voltrail/contracts/events/registry'

/** What an answer to GetConfiguration shows, in the neutral words that the edge gives it. */
const Shown = z.object({
  configurationKey: z.array(z.object({ key: z.string(), value: z.string().optional(), readonly: z.boolean() })),
  unknownKey: z.array(z.string()).default([]),
})

/** The configuration that a command's answer shows, if it shows one. Secrets were digested by the edge. */
export const configurationOf = (result: CommandResult): EventNamed<'ConfigurationSeen'>['data'] | undefined => {
  if (result.outcome !== 'result') return undefined
  const shown = Shown.safeParse(result.payload)
  if (!shown.success) return undefined
  const keys = shown.data.configurationKey.map(({ key, value, readonly }) => ({
    key,
    readonly,
    ...(value === undefined ? {} : { value }),
  }))
  return { keys, unknownKeys: shown.data.unknownKey }
}
