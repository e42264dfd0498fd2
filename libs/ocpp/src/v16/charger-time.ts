import type { ChargerTime } from '@voltrail/contracts/facts'
import type { z } from 'zod'
import { rawText } from '../notes.ts'
import { timeInForce } from '../reading-in-force.ts'
import type { Desk } from './inbound-message.ts'

/** The charger's time: the text as it stands and the instant that we read, with a note when it took a rule. */
export const chargerTime = (raw: string, path: string, desk: Desk): z.infer<typeof ChargerTime> => {
  const { at, rules } = timeInForce(raw, desk.context)
  for (const rule of rules) desk.notes.add(rule, path, () => rawText(raw))
  return { raw, ...(at !== undefined && { at }) }
}
