import { z } from 'zod'

/** What an operator sets for one charger because its model or its site needs it. Absent: what the model's rules say, then the default. */
export const ChargerSettings = z.object({
  /** what a time without a zone means: an IANA name (`Europe/Berlin`) or an offset (`+02:00`) */
  zone: z.string().max(64).optional(),
  /** spoken when the charger names no subprotocol, and whatever it names */
  subprotocol: z.enum(['ocpp1.6']).optional(),
  /** quirk rules switched off or on here, by id */
  rulesOff: z.array(z.string().max(60)).max(50).default([]),
  rulesOn: z.array(z.string().max(60)).max(50).default([]),
  /** whether our calls wait for the answered boot even when the charger is known */
  holdUntilBoot: z.boolean().optional(),
})
export type ChargerSettings = z.infer<typeof ChargerSettings>
