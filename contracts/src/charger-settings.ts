import { z } from 'zod'

/** What files are carried by, to and from our own file service. */
export const FileProtocol = z.enum(['ftp', 'ftps', 'sftp', 'http', 'https'])
export type FileProtocol = z.infer<typeof FileProtocol>

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
  /** what it uploads and fetches files by, whatever it says of itself */
  fileProtocol: FileProtocol.optional(),
  /** `path`: of HTTP and HTTPS, for stacks that leave out the user of a URL */
  fileCredential: z.enum(['userinfo', 'path']).optional(),
})
export type ChargerSettings = z.infer<typeof ChargerSettings>
