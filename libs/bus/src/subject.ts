import { BusError } from './bus-error.ts'

/** A subject is a line of the protocol: white space or a line break in it would be read as something else. */
export function checkSubject(subject: string, wildcards = false): void {
  // eslint-disable-next-line no-control-regex
  const wellFormed = /^[^\s.\u0000-\u001f\u007f]+(\.[^\s.\u0000-\u001f\u007f]+)*$/.test(subject)
  if (wellFormed && (wildcards || !/(^|\.)[*>](\.|$)/.test(subject))) return
  throw new BusError(
    'bad-subject',
    `${JSON.stringify(subject)} is not a subject ${wildcards ? '' : 'to send to '}(words without white space, separated by dots${wildcards ? '' : ', no wildcards'})`,
  )
}
