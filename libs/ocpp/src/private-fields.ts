import { isSecretKey } from '@voltrail/domain/secret-keys'
import { rawText } from './notes.ts'

/** Fields that may name a person; normalisations lie in clear in the log, so they never carry these values. */
const personal = new Set([
  'idtag',
  'parentidtag',
  'idtoken',
  'data',
  'tag',
  'tagid',
  'uid',
  'rfid',
  'emaid',
  'vin',
  'user',
  'evccid',
])

/** Messages that are about a person: what stands in them beyond the standard's fields is withheld as a whole. */
const aboutPeople = new Set(['Authorize', 'StartTransaction', 'StopTransaction', 'DataTransfer'])

/** The raw value as JSON text for a normalisation, or how long it was if it may be personal or secret. */
export const withheldOrRaw = (action: string, path: string, standardField: boolean, value: unknown): string => {
  const fields = path.split('/')
  const hidden =
    fields.some((field) => personal.has(field.toLowerCase()) || isSecretKey(field)) ||
    (!standardField && aboutPeople.has(action)) ||
    (typeof value === 'object' && value !== null) ||
    (typeof value === 'string' && value.includes('://'))
  if (!hidden) return rawText(value)
  if (typeof value === 'string') return `withheld: ${value.length} characters`
  if (value === undefined) return ''
  return `withheld: ${Array.isArray(value) ? 'a list' : typeof value === 'object' ? 'an object' : `a ${typeof value}`}`
}

/** A value that should be a number: what is none may be a record that names a person, so only its length is told. */
export const numberOrWithheld = (value: unknown): string =>
  typeof value !== 'string' || /^[-+.,\d\s"']*[A-Za-z%°]{0,6}["'\s]*$/.test(value)
    ? rawText(value)
    : `withheld: ${value.length} characters`
