import { z } from 'zod'
import { ChargerSettings } from '../charger-settings.ts'
import { ChargerId, DecimalString } from '../ids.ts'

/** IANA names are those that this runtime's own time zone data knows. */
const isZone = (zone: string): boolean => {
  if (/^[+-]\d{2}:\d{2}$/.test(zone)) return true
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
    return true
  } catch {
    return false
  }
}

const { shape } = ChargerSettings
const described = {
  zone: shape.zone
    .refine(
      (zone) => zone === undefined || isZone(zone),
      'must be an IANA time zone (Europe/Berlin) or an offset (+02:00)',
    )
    .describe('what a time without a zone means: an IANA name or an offset; absent: UTC'),
  subprotocol: shape.subprotocol.describe('spoken when the charger names no subprotocol, and whatever it names'),
  rulesOff: shape.rulesOff.describe('ids of quirk rules that are switched off here; see `GET /v1/quirks`'),
  rulesOn: shape.rulesOn.describe('ids of quirk rules that are switched on here; off wins'),
  holdUntilBoot: shape.holdUntilBoot.describe(
    'whether our calls wait for the answered boot even when the charger is known',
  ),
}

export const PutChargerSettingsBody = z
  .strictObject(described)
  .meta({ id: 'PutChargerSettings', examples: [{ zone: 'Europe/Berlin', rulesOff: ['Q22-phase-sum'] }] })

export const ChargerSettingsView = z
  .object({
    chargerId: ChargerId,
    ...described,
    revision: DecimalString.describe('of the charger’s stream, as it was read'),
  })
  .meta({ id: 'ChargerSettings' })
export type ChargerSettingsView = z.infer<typeof ChargerSettingsView>
