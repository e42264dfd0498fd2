import { z } from 'zod'
import { CommandId, type ChargerId } from '@voltrail/contracts/ids'
import type { ChargerState } from '@voltrail/domain/charger/charger-state'
import { fileHabits, protocolsKey, type FileHabits } from '@voltrail/domain/device/file-addresses'
import { readDevice } from './charger-device.ts'
import { ApiProblem } from './problem.ts'
import { sendCommand } from './send-command.ts'
import type { Sources } from './sources.ts'
import { isSameKey } from '@voltrail/domain/device/key-name'

/** How long a charger may take to say what it speaks before we go by what is usual, in ms. */
const askMs = 10_000

const Shown = z.object({ configurationKey: z.array(z.object({ key: z.string(), value: z.string().optional() })) })

/**
 * How a charger carries files. One that is connected and whose configuration was not read yet, as in the minute after its first boot,
 * is asked for the one key that says it. `unheard`: it has not said so yet.
 */
export async function readFileHabits(
  sources: Sources,
  chargerId: ChargerId,
  charger: ChargerState,
): Promise<FileHabits & { readonly unheard: boolean }> {
  const state = await readDevice(sources, chargerId)
  const known = fileHabits(charger, state)
  if (known.protocol !== undefined || known.supported !== undefined || state.configuration?.fullAt !== undefined)
    return { ...known, unheard: false }
  if (charger.connection?.open !== true) return { ...known, unheard: true }
  try {
    const reply = await sendCommand(sources, {
      commandId: CommandId.parse(sources.newId()),
      chargerId,
      command: { type: 'GetConfiguration', keys: [protocolsKey] },
      timeoutMs: askMs,
    })
    const shown = Shown.safeParse(reply.outcome === 'result' ? reply.payload : undefined)
    if (!shown.success) return { ...known, unheard: true }
    const supported = shown.data.configurationKey.find(({ key }) => isSameKey(key, protocolsKey))?.value
    return { ...known, supported, unheard: false }
  } catch (error) {
    // it may not be asked yet, for it is not accepted: the transfer itself says so
    if (error instanceof ApiProblem && error.kind === 'refused') return { ...known, unheard: true }
    throw error
  }
}
