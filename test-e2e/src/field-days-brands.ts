import { brandNames, brands, type Brand } from '@voltrail/simulator/brands'

/** The makes of charger that live through the field days: those of the simulator, and more whose habits only concern sessions. */

/** A row of the list of real chargers' habits (docs of the quirks): Q1 is a time without a zone, and so on. */
export type Quirk = `Q${number}`

/** In what a make differs from the simulator's brand that it is built on. */
export interface Habits {
  /** `ahead`: Z on local time, two hours ahead. `dead`: 1970 after each power cut, until something sets it. */
  readonly clock: 'right' | 'ahead' | 'dead'
  /** what sets a dead clock: the answer to the boot, or a heartbeat after the first message of the queue */
  readonly setBy: 'boot' | 'heartbeat'
  /** a start that was told with a dead clock, and whose answer was missed, gets another time once the clock is set */
  readonly restamps: boolean
  /** `counted`: from 1 after each boot. `one`: always the same. */
  readonly messageIds: 'random' | 'counted' | 'one'
  /** when a session's start is told */
  readonly start: 'begin' | 'end' | 'never'
  readonly stop: 'told' | 'never'
  /** what a stop says in place of the transaction's id, if anything */
  readonly stopId: 'own' | '-1' | '0'
  readonly samples: 'messages' | 'transaction-data' | 'both' | 'none'
  readonly meterConnector: 'own' | '0'
  readonly units: 'written' | 'missing'
  /**
   * `relative`: from 0 with each session. `start-zero`: the meter start is 0, all else absolute. `resets`: from 0 after a power cut.
   */
  readonly register: 'absolute' | 'relative' | 'start-zero' | 'resets'
  /** sends up to eight messages without waiting for their answers */
  readonly pipelines: boolean
  /** the tags that its drivers use */
  readonly tags: number
  /** `everywhere`: a driver may charge at two of its connectors at once */
  readonly drivers: 'each-connector' | 'everywhere'
  /** what it writes behind a tag; `both`: a start has its serial number, a stop control characters */
  readonly tagSuffix: 'none' | 'trailing-bytes' | 'both'
  /** a start that is answered ConcurrentTx ends what charges there, without its driver */
  readonly stopsOnConcurrentTx: boolean
  /** it closes its connection when it has said nothing for so long; 0: never */
  readonly closesAfterMs: number
}

export interface FieldBrand {
  readonly name: string
  readonly brand: Brand
  readonly habits: Habits
  readonly quirks: readonly Quirk[]
}

const byTheBook: Habits = {
  clock: 'right',
  setBy: 'boot',
  restamps: false,
  messageIds: 'random',
  start: 'begin',
  stop: 'told',
  stopId: 'own',
  samples: 'messages',
  meterConnector: 'own',
  units: 'written',
  register: 'absolute',
  pipelines: false,
  tags: 6,
  drivers: 'each-connector',
  tagSuffix: 'none',
  stopsOnConcurrentTx: false,
  closesAfterMs: 0,
}

const { norden, lumen, voltaro, rapida, stille } = brands
const quirksOf: Readonly<Record<keyof typeof brands, readonly Quirk[]>> = {
  norden: ['Q11'],
  lumen: ['Q1', 'Q11', 'Q23'],
  voltaro: ['Q3', 'Q8', 'Q13'],
  rapida: ['Q10', 'Q17'],
  stille: ['Q18', 'Q25', 'Q27'],
}

const more: Readonly<Record<string, readonly [Brand, Partial<Habits>, readonly Quirk[]]>> = {
  zonda: [norden, { clock: 'ahead' }, ['Q2', 'Q11']],
  fossil: [{ ...lumen, retry: { ...lumen.retry, missedAnswers: 0.3 } }, { clock: 'dead' }, ['Q1', 'Q2', 'Q11', 'Q23']],
  morpheus: [
    { ...stille, retry: { ...stille.retry, missedAnswers: 0.4 } },
    { clock: 'dead', setBy: 'heartbeat', restamps: true, stopsOnConcurrentTx: true },
    ['Q2', 'Q11', 'Q12', 'Q18', 'Q25'],
  ],
  nullis: [{ ...norden, connectors: 1 }, { register: 'relative', tags: 1 }, ['Q21', 'Q11']],
  absolut: [{ ...rapida, connectors: 1 }, { register: 'start-zero' }, ['Q10', 'Q17', 'Q21']],
  lethe: [{ ...norden, connectors: 1 }, { register: 'resets' }, ['Q21']],
  dossier: [norden, { samples: 'transaction-data' }, ['Q19']],
  echo: [{ ...lumen, connectors: 2 }, { samples: 'both', units: 'written' }, ['Q1', 'Q11', 'Q23']],
  bare: [stille, { units: 'missing', meterConnector: '0' }, ['Q18', 'Q19', 'Q25']],
  zero: [voltaro, { stopId: '0', samples: 'none' }, ['Q8', 'Q13']],
  minus: [{ ...stille, meterTransactionId: 'real' }, { stopId: '-1' }, ['Q13', 'Q25']],
  epilog: [{ ...norden, connectors: 1 }, { start: 'end', stop: 'never' }, ['Q16']],
  freya: [{ ...voltaro, offlineStop: 'minus-one' }, { start: 'never', stopId: '0' }, ['Q8', 'Q14']],
  mimo: [stille, { start: 'never', stop: 'never', samples: 'none' }, ['Q15']],
  ditto: [{ ...rapida, retry: { ...rapida.retry, missedAnswers: 0.25 } }, { messageIds: 'one' }, ['Q10', 'Q17']],
  uno: [
    { ...norden, retry: { ...norden.retry, messageId: 'same', missedAnswers: 0.2 } },
    { messageIds: 'counted' },
    ['Q10'],
  ],
  suffix: [{ ...norden, vendor: 'KEBA AG', connectors: 1 }, { tagSuffix: 'both' }, ['Q11', 'Q27']],
  ribbon: [{ ...rapida, connectors: 1 }, { tagSuffix: 'trailing-bytes' }, ['Q10', 'Q17', 'Q27']],
  jealous: [
    { ...norden, connectors: 1, retry: { ...norden.retry, missedAnswers: 0.4 } },
    { stopsOnConcurrentTx: true, tags: 1 },
    ['Q11', 'Q12'],
  ],
  family: [{ ...norden, connectors: 2 }, { tags: 2, drivers: 'everywhere' }, ['Q11']],
  hush: [stille, { closesAfterMs: 110_000 }, ['Q18', 'Q25', 'Q27', 'Q28']],
  torrent: [norden, { pipelines: true, messageIds: 'counted' }, ['Q10', 'Q7']],
}

export const fieldBrands: readonly FieldBrand[] = [
  ...brandNames.map((name) => ({ name, brand: brands[name] as Brand, habits: byTheBook, quirks: quirksOf[name] })),
  ...Object.entries(more).map(([name, [brand, habits, quirks]]) => ({
    name,
    brand: { ...brand, name },
    habits: { ...byTheBook, ...habits },
    quirks,
  })),
]
