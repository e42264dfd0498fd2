/** How a brand writes what it has to say. */
export type Dialect = {
  /** `zulu`: `…T12:00:00.000Z`. `seconds`: the same without fraction. `no-zone`: the wall clock, without any zone. */
  readonly timestamps: 'zulu' | 'seconds' | 'no-zone'
  /** What the wall clock of a `no-zone` brand is ahead of UTC. The backend must know the zone of such a charger. */
  readonly utcOffsetMinutes: number
  readonly energyUnit: 'Wh' | 'kWh'
  /** `spaced`: blanks around the number and more decimals than any meter has. */
  readonly numbers: 'plain' | 'spaced'
  /** `decimal`: meterStart and meterStop, integers by the schema, come with a fraction. */
  readonly registers: 'integer' | 'decimal'
  readonly tags: 'as-read' | 'lower-case'
  /** What is sent where a payload has no fields. */
  readonly emptyPayload: 'object' | 'null'
}

/** The standard's own words: what a charger by the book writes. */
export const standardDialect: Dialect = {
  timestamps: 'zulu',
  utcOffsetMinutes: 0,
  energyUnit: 'Wh',
  numbers: 'plain',
  registers: 'integer',
  tags: 'as-read',
  emptyPayload: 'object',
}

export function writeTimestamp(dialect: Dialect, at: Date): string {
  switch (dialect.timestamps) {
    case 'zulu':
      return at.toISOString()
    case 'seconds':
      return `${at.toISOString().slice(0, 19)}Z`
    case 'no-zone':
      return new Date(at.getTime() + dialect.utcOffsetMinutes * 60_000).toISOString().slice(0, 19)
  }
}

/** A sampled value: always a string in OCPP 1.6. */
export const writeNumber = (dialect: Dialect, value: number, decimals: number): string =>
  dialect.numbers === 'spaced' ? ` ${value.toFixed(Math.max(3, decimals))} ` : value.toFixed(decimals)

/** meterStart and meterStop, Wh. */
export const writeRegister = (dialect: Dialect, wattHours: number): number =>
  dialect.registers === 'decimal' ? Math.floor(wattHours * 10) / 10 : Math.floor(wattHours)

export const writeTag = (dialect: Dialect, tag: string): string =>
  dialect.tags === 'lower-case' ? tag.toLowerCase() : tag
