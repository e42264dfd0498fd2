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
  fileProtocol: shape.fileProtocol.describe(
    'what the charger uploads and fetches files by at our file service, whatever it says of itself; absent: what it says, else what its make is known for',
  ),
  fileCredential: shape.fileCredential.describe(
    '`path`: the credential stands in the path of the location (HTTP and HTTPS only), for chargers that leave out the user of a URL; absent: `userinfo`',
  ),
}

export const PutChargerSettingsBody = z
  .strictObject(described)
  .refine(({ fileProtocol, fileCredential }) => fileCredential !== 'path' || !/^s?ftps?$/.test(fileProtocol ?? ''), {
    path: ['fileCredential'],
    error: 'in the path is for http and https: FTP and SFTP have a login of their own',
  })
  .meta({ id: 'PutChargerSettings', examples: [{ zone: 'Europe/Berlin', rulesOff: ['Q22-phase-sum'] }] })

export const ChargerSettingsView = z
  .object({
    chargerId: ChargerId,
    ...described,
    revision: DecimalString.describe('of the charger’s stream, as it was read'),
  })
  .meta({ id: 'ChargerSettings' })
export type ChargerSettingsView = z.infer<typeof ChargerSettingsView>
