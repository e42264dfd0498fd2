import { sql } from 'kysely'
import type { AnyDatabase } from './projection.ts'

/** Values as Postgres reads them from JSON: an object or an array for jsonb, ISO text for a time. `undefined` is left alone. */
export type Columns = Readonly<Record<string, unknown>>

/**
 * What the events of a batch do to rows, gathered so that one statement writes many rows. For each row it is as if every call
 * were done at once, in the order of the calls.
 */
export interface Rows {
  /** A row that is not there yet; with one of the key the batch fails. */
  add(table: string, key: Columns, columns: Columns): void
  /** These columns of the row, which is made with them where there is none. */
  put(table: string, key: Columns, columns: Columns): void
  /** These columns of a row that is there. @param missing what is wrong when it is not; without it that is nothing wrong */
  change(table: string, key: Columns, columns: Columns, missing?: string): void
  /** These columns of every row that has the values of `match` (`null` is a value) when its turn comes, be it none. */
  changeWhere(table: string, match: Columns, columns: Columns): void
  /** Sums, and the greatest of texts, in a row that is made where there is none. Nothing else is ever done to such a table. */
  gather(
    table: string,
    key: Columns,
    sums: Readonly<Record<string, number>>,
    greatest: Readonly<Record<string, string>>,
  ): void
  /** What cannot be said above: everything before it is written first, and it is waited for. */
  ask<T>(query: (db: AnyDatabase) => Promise<T>): Promise<T>
}

/** The rows of a batch, seen from each group of its events: those of different groups are different rows (see `Projection.groupOf`). */
export interface RowBatch {
  of(group: string): Rows
  /** Writes what is gathered. Throws what Postgres says, or which row is missing. */
  flush(): Promise<void>
}

type Kind = 'add' | 'put' | 'change' | 'match' | 'gather'
/** What becomes of one row, or of those that match. */
interface Entry {
  readonly kind: Kind
  readonly key: Columns
  readonly columns: Record<string, unknown>
  readonly missing?: string | undefined
  /** the columns that are added up */
  readonly sums?: readonly string[]
}
/** Of one table, what can be done in one go: no row twice. Rows by key go together, and matches of the same columns. */
interface Run {
  readonly match: string
  readonly entries: Map<string, Entry>
  /** of the entries those that match, by the group whose rows they are */
  readonly matches: Map<string, Entry[]>
}
interface Plan {
  readonly runs: Run[]
  /** the last run that each group is in: what it does next goes there or later */
  readonly reached: Map<string, number>
}

const byKey = 'by key'

export const openRowBatch = (db: AnyDatabase): RowBatch => {
  let plans = new Map<string, Plan>()

  const runFor = (table: string, group: string, match: string): Run => {
    const plan = plans.get(table) ?? { runs: [], reached: new Map<string, number>() }
    plans.set(table, plan)
    let at = plan.reached.get(group) ?? 0
    while (at < plan.runs.length && plan.runs[at]?.match !== match) at += 1
    plan.reached.set(group, at)
    return (plan.runs[at] ??= { match, entries: new Map(), matches: new Map() })
  }

  /** What this group does next in the table is done after all that it did there. */
  const after = (table: string, group: string): void => {
    const reached = plans.get(table)?.reached
    reached?.set(group, (reached.get(group) ?? 0) + 1)
  }

  const setByKey = (group: string, table: string, { kind, key, columns, missing }: Entry): void => {
    const { entries } = runFor(table, group, byKey)
    const id = idOf(key)
    const known = entries.get(id)
    if (known === undefined) entries.set(id, { kind, key, columns: given(columns), missing })
    else if (known.kind === 'change' && kind !== 'change') {
      // what was changed may not have been there
      after(table, group)
      setByKey(group, table, { kind, key, columns })
    } else if (kind === 'add') throw new Error(`there is a row of ${id} in ${table} already`)
    else Object.assign(known.columns, given(columns))
  }

  /** Who matches must not hang on the order within a run: what changes that is alone there of its group, and the last. */
  const setMatching = (group: string, table: string, entry: Entry): void => {
    const { entries, matches } = runFor(table, group, namesOf(entry.key))
    const ours = matches.get(group) ?? []
    const id = idOf(entry.key)
    const known = entries.get(id)
    const othersStand = ours.length > (known === undefined ? 0 : 1)
    if (ours.some(changesMatch) || (changesMatch(entry) && othersStand)) {
      after(table, group)
      setMatching(group, table, entry)
    } else if (known !== undefined) Object.assign(known.columns, entry.columns)
    else {
      entries.set(id, entry)
      matches.set(group, [...ours, entry])
    }
  }

  const flush = async (): Promise<void> => {
    const planned = plans
    plans = new Map()
    // nothing waits for the answer of another: one connection does them in this order
    const written = [...planned].flatMap(([table, { runs }]) =>
      runs.flatMap(({ entries }) => alike(entries).map((some) => write(db, table, some))),
    )
    const failed = (await Promise.allSettled(written)).find((one) => one.status === 'rejected')
    if (failed !== undefined) throw failed.reason
  }

  return {
    of: (group) => ({
      add: (table, key, columns) => setByKey(group, table, { kind: 'add', key, columns }),
      put: (table, key, columns) => setByKey(group, table, { kind: 'put', key, columns }),
      change: (table, key, columns, missing) => setByKey(group, table, { kind: 'change', key, columns, missing }),

      changeWhere(table, match, columns) {
        setMatching(group, table, { kind: 'match', key: match, columns: given(columns) })
      },

      gather(table, key, sums, greatest) {
        const { entries } = runFor(table, '', byKey)
        const id = idOf(key)
        const known = entries.get(id)
        if (known === undefined)
          return void entries.set(id, {
            kind: 'gather',
            key,
            columns: { ...sums, ...greatest },
            sums: Object.keys(sums),
          })
        const { columns } = known
        for (const [name, more] of Object.entries(sums)) columns[name] = (columns[name] as number) + more
        for (const [name, value] of Object.entries(greatest))
          if (value > (columns[name] as string)) columns[name] = value
      },

      async ask(query) {
        await flush()
        return query(db)
      },
    }),
    flush,
  }
}

const given = (columns: Columns): Record<string, unknown> =>
  Object.fromEntries(Object.entries(columns).filter(([, value]) => value !== undefined))

const changesMatch = ({ key, columns }: Entry): boolean => Object.keys(columns).some((column) => column in key)

const idOf = (key: Columns): string => JSON.stringify(Object.values(key))

/** Names alone, but for `null`, which is another condition. */
const namesOf = (columns: Columns): string =>
  Object.entries(columns)
    .map(([name, value]) => (value === null ? `${name} is null` : name))
    .join()

/** Those that one statement can do. */
const alike = (entries: ReadonlyMap<string, Entry>): readonly (readonly Entry[])[] => {
  const kinds = new Map<string, Entry[]>()
  for (const entry of entries.values()) {
    const like = `${entry.kind} ${Object.keys(entry.columns).join()} ${entry.missing === undefined}`
    const others = kinds.get(like)
    if (others === undefined) kinds.set(like, [entry])
    else others.push(entry)
  }
  return [...kinds.values()]
}

const list = (names: readonly string[], one: (name: string) => ReturnType<typeof sql>) => sql.join(names.map(one))

/** Alike entries in one statement, the rows as one parameter: its text says which columns, never how many rows. */
const write = async (db: AnyDatabase, table: string, entries: readonly Entry[]): Promise<void> => {
  const { kind, key, columns, sums = [], missing } = entries[0] as Entry
  const keys = Object.keys(key)
  const changed = Object.keys(columns)
  const t = sql.id(table)
  if (kind === 'match') {
    if (changed.length === 0) return
    const rows = JSON.stringify(entries.map((entry) => ({ k: entry.key, c: entry.columns })))
    const matches = Object.entries(key).map(([name, value]) =>
      value === null ? sql`t.${sql.id(name)} is null` : sql`t.${sql.id(name)} = k.${sql.id(name)}`,
    )
    await sql`update ${t} as t set ${list(changed, (name) => sql`${sql.id(name)} = c.${sql.id(name)}`)}
      from json_array_elements(${rows}::json) as one(pair), json_populate_record(null::${t}, pair -> 'k') as k,
        json_populate_record(null::${t}, pair -> 'c') as c
      where ${sql.join(matches, sql` and `)}`.execute(db)
    return
  }
  const rows = JSON.stringify(entries.map((entry) => ({ ...entry.key, ...entry.columns })))
  const from = sql`from json_populate_recordset(null::${t}, ${rows}::json) as given`
  if (kind === 'change') {
    if (changed.length === 0) return
    const { numAffectedRows } = await sql`
      update ${t} as t set ${list(changed, (name) => sql`${sql.id(name)} = given.${sql.id(name)}`)} ${from}
      where ${sql.join(
        keys.map((name) => sql`t.${sql.id(name)} = given.${sql.id(name)}`),
        sql` and `,
      )}`.execute(db)
    if (missing !== undefined && numAffectedRows !== BigInt(entries.length)) throw new Error(missing)
    return
  }
  const insert = sql`insert into ${t} as t (${list([...keys, ...changed], (name) => sql.id(name))})
    select ${list([...keys, ...changed], (name) => sql`given.${sql.id(name)}`)} ${from}`
  if (kind === 'add') return void (await insert.execute(db))
  const merged = (name: string) => {
    if (kind === 'put') return sql`${sql.id(name)} = excluded.${sql.id(name)}`
    return sums.includes(name)
      ? sql`${sql.id(name)} = t.${sql.id(name)} + excluded.${sql.id(name)}`
      : sql`${sql.id(name)} = greatest(t.${sql.id(name)}, excluded.${sql.id(name)})`
  }
  const then = changed.length === 0 ? sql`nothing` : sql`update set ${list(changed, merged)}`
  await sql`${insert} on conflict (${list(keys, (name) => sql.id(name))}) do ${then}`.execute(db)
}
