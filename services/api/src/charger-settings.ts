import { ChargerSettings } from '@voltrail/contracts/charger-settings'
import type { ChargerEvent } from '@voltrail/contracts/events/registry'
import type { EventLog } from '@voltrail/event-store/event-log'
import { quirks } from '@voltrail/ocpp/quirks'
import { ApiProblem } from './problem.ts'

/**
 * The settings of a charger by its newest event that tells them, and the newest revision of its stream; undefined when the
 * charger is unknown. A summary is written each 100 events, so no long stream is read to its beginning.
 */
export async function readChargerSettings(
  log: Pick<EventLog, 'readBackward'>,
  stream: string,
): Promise<{ readonly settings: ChargerSettings; readonly revision: number } | undefined> {
  let revision: number | undefined
  for await (const recorded of log.readBackward(stream)) {
    revision ??= recorded.revision
    const event = recorded as unknown as ChargerEvent
    if (event.type === 'ChargerSettingsChanged') return { settings: event.data.settings, revision }
    if (event.type === 'ChargerSummarised')
      return { settings: event.data.summary.settings ?? ChargerSettings.parse({}), revision }
  }
  return revision === undefined ? undefined : { settings: ChargerSettings.parse({}), revision }
}

/** Throws a 400 problem that names the rules which are none, or which no charger's settings may switch. */
export function refuseUnknownRules(settings: Pick<ChargerSettings, 'rulesOff' | 'rulesOn'>): void {
  const errors = (['rulesOff', 'rulesOn'] as const).flatMap((list) =>
    settings[list].flatMap((id, i) => {
      const quirk = quirks.find((one) => one.id === id)
      if (quirk?.switchable) return []
      const message =
        quirk === undefined ? 'is no quirk rule: GET /v1/quirks lists them' : 'is a rule that cannot be switched'
      return [{ path: `/body/${list}/${i}`, message }]
    }),
  )
  if (errors.length > 0) {
    throw new ApiProblem('invalid-request', 'The settings name rules that cannot be switched.', { errors })
  }
}
