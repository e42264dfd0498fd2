import pg from 'pg'
import { instant } from '@voltrail/contracts/quantities'

const timestamptz = 1184
const int8 = 20

/** Whole numbers (Wh, cents) as numbers, refused when they would lose a digit. */
export const safeInteger = (text: string): number => {
  const number = Number(text)
  if (!Number.isSafeInteger(number)) throw new Error(`${text} from Postgres does not fit a number exactly`)
  return number
}

/** How our connections read values: int8 as exact numbers, timestamptz as `2026-01-31T12:00:00.000Z`, numeric stays text. */
export const postgresTypes = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    if (oid === int8) return safeInteger
    // every dialect of Postgres' date texts is known to pg's own parser
    if (oid === timestamptz)
      return (text: string) => instant((pg.types.getTypeParser(timestamptz)(text) as Date).getTime())
    return pg.types.getTypeParser(oid, format ?? 'text')
  },
}
