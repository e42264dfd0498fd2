import { sql } from 'kysely'
import type { RawBuilder, SqlBool } from 'kysely'

/** A cursor that this list did not give. */
export class InvalidCursor extends Error {
  constructor() {
    super('this cursor was not given by this list: leave it out to begin anew')
    this.name = 'InvalidCursor'
  }
}

export type Page<T> = { readonly items: readonly T[]; readonly next: string | null }

/** The sort key of the last row of a page as opaque text. */
export const encodeCursor = (key: readonly string[]): string =>
  Buffer.from(JSON.stringify(key), 'utf8').toString('base64url')

/** @throws {InvalidCursor} */
export const decodeCursor = (cursor: string, length: number): string[] => {
  let key: unknown
  try {
    key = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
  } catch {
    throw new InvalidCursor()
  }
  if (
    !Array.isArray(key) ||
    key.length !== length ||
    !key.every((part): part is string => typeof part === 'string' && !part.includes('\0'))
  ) {
    throw new InvalidCursor()
  }
  return key
}

/** `(a, b) < (x, y)` as one condition that an index on (a, b) serves; true for the first page. */
export const beyond = (
  cursor: string | undefined,
  columns: readonly { readonly name: string; readonly type: 'text' | 'timestamptz' | 'bigint' }[],
  direction: 'ascending' | 'descending',
): RawBuilder<SqlBool> => {
  if (cursor === undefined) return sql<SqlBool>`true`
  const key = decodeCursor(cursor, columns.length)
  if (columns.some(({ type }, index) => type === 'timestamptz' && Number.isNaN(Date.parse(key[index] ?? ''))))
    throw new InvalidCursor()
  if (columns.some(({ type }, index) => type === 'bigint' && !/^\d{1,18}$/.test(key[index] ?? '')))
    throw new InvalidCursor()
  const left = sql.join(columns.map(({ name }) => sql.ref(name)))
  const right = sql.join(columns.map(({ type }, index) => sql`${key[index]}::${sql.raw(type)}`))
  return direction === 'ascending' ? sql<SqlBool>`(${left}) > (${right})` : sql<SqlBool>`(${left}) < (${right})`
}

/** A page out of one row more than asked for. */
export const page = <R, T>(
  rows: readonly R[],
  limit: number,
  keyOf: (row: R) => string[],
  show: (row: R) => T,
): Page<T> => {
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  return { items: shown.map(show), next: rows.length > limit && last !== undefined ? encodeCursor(keyOf(last)) : null }
}
