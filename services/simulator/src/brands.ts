import type { Supply } from './charging-curve.ts'
import { standardDialect } from './dialect.ts'
import type { Dialect } from './dialect.ts'

/** Everything in which one make of charger differs from another. */
export type Brand = {
  readonly name: string
  readonly vendor: string
  readonly model: string
  readonly firmware: string
  readonly connectors: number
  readonly supply: Supply
  /** A tethered cable has no lock: UnlockConnector is NotSupported. */
  readonly cable: 'socket' | 'tethered'
  readonly boot: {
    /** BootNotification on every connection, or only after a (re)start. */
    readonly on: 'every-connection' | 'start'
    /** StatusNotifications before the BootNotification. */
    readonly statusFirst: boolean
  }
  readonly dialect: Dialect
  readonly retry: {
    /** A message that is sent again has the message id of the first time, or a new one. */
    readonly messageId: 'same' | 'new'
    /** TransactionMessageAttempts, TransactionMessageRetryInterval. */
    readonly attempts: number
    readonly intervalSeconds: number
    readonly callTimeoutSeconds: number
    /** An attempt whose connection broke counts as one of the attempts. */
    readonly countsCutAttempts: boolean
    /** How often (0 to 1) the answer to a transaction message is overheard, so that the message is sent again. */
    readonly missedAnswers: number
  }
  /** `minus-one`: a transaction that began offline is stopped with transactionId -1, even when its id is known by then. */
  readonly offlineStop: 'transaction-id' | 'minus-one'
  /** `available-first`: Available, then StopTransaction, then the values of Transaction.End. */
  readonly ending: 'by-the-book' | 'available-first'
  /** What MeterValues name: the transaction, or 0 although one runs. */
  readonly meterTransactionId: 'real' | 'zero'
  readonly liveness: {
    /** WebSocket pings; 0 = never. */
    readonly pingSeconds: number
    readonly answersPings: boolean
  }
  readonly sampleSeconds: number
  readonly measurands: readonly Measurand[]
  /** How long a restart takes. */
  readonly rebootSeconds: number
  /** What it does otherwise than the standard says, for people. */
  readonly quirks: readonly string[]
}

export type Measurand =
  | 'Energy.Active.Import.Register'
  | 'Power.Active.Import'
  | 'Current.Import'
  | 'Current.Offered'
  | 'Voltage'
  | 'SoC'
  | 'Temperature'

/**
 * The brands. Names are invented, behaviour is not: each quirk was reported of real chargers, for example
 * https://github.com/evcc-io/evcc/issues/10399 (no zone), https://github.com/EVerest/libocpp/issues/495 (stop of transaction -1),
 * https://github.com/matth-x/MicroOcpp/issues/50 (same message id again), https://github.com/lbbrhzn/ocpp/pull/2075 (values after the stop),
 * https://github.com/evcc-io/evcc/pull/33099 (no pings).
 */
export const brands = {
  norden: {
    name: 'norden',
    vendor: 'Norden Laddteknik',
    model: 'N22 Duo',
    firmware: '4.2.1',
    connectors: 2,
    supply: { kind: 'AC', phases: 3, voltsPerPhase: 230, maxAmperes: 32 },
    cable: 'socket',
    boot: { on: 'every-connection', statusFirst: false },
    dialect: standardDialect,
    retry: {
      messageId: 'new',
      attempts: 5,
      intervalSeconds: 20,
      callTimeoutSeconds: 30,
      countsCutAttempts: false,
      missedAnswers: 0,
    },
    offlineStop: 'transaction-id',
    ending: 'by-the-book',
    meterTransactionId: 'real',
    liveness: { pingSeconds: 30, answersPings: true },
    sampleSeconds: 60,
    measurands: [
      'Energy.Active.Import.Register',
      'Power.Active.Import',
      'Current.Import',
      'Current.Offered',
      'Voltage',
      'Temperature',
    ],
    rebootSeconds: 5,
    quirks: [],
  },
  lumen: {
    name: 'lumen',
    vendor: 'Lumen Home Energy',
    model: 'Thora 11',
    firmware: 'V1.0.9-b12',
    connectors: 1,
    supply: { kind: 'AC', phases: 3, voltsPerPhase: 230, maxAmperes: 16 },
    cable: 'tethered',
    boot: { on: 'every-connection', statusFirst: false },
    dialect: {
      ...standardDialect,
      timestamps: 'no-zone',
      energyUnit: 'kWh',
      numbers: 'spaced',
      registers: 'decimal',
    },
    retry: {
      messageId: 'new',
      attempts: 8,
      intervalSeconds: 10,
      callTimeoutSeconds: 15,
      countsCutAttempts: true,
      missedAnswers: 0.1,
    },
    offlineStop: 'transaction-id',
    ending: 'by-the-book',
    meterTransactionId: 'real',
    liveness: { pingSeconds: 60, answersPings: true },
    sampleSeconds: 60,
    measurands: ['Energy.Active.Import.Register', 'Power.Active.Import', 'Current.Import'],
    rebootSeconds: 8,
    quirks: [
      'timestamps without a zone',
      'kWh with blanks and decimals, decimals in meterStart and meterStop',
      'sends a message whose answer it missed again, with a new message id',
    ],
  },
  voltaro: {
    name: 'voltaro',
    vendor: 'Voltaro',
    model: 'Pico 7',
    firmware: '2024.01-r3',
    connectors: 1,
    supply: { kind: 'AC', phases: 1, voltsPerPhase: 230, maxAmperes: 32 },
    cable: 'tethered',
    boot: { on: 'start', statusFirst: true },
    dialect: { ...standardDialect, timestamps: 'seconds' },
    retry: {
      messageId: 'new',
      attempts: 10,
      intervalSeconds: 10,
      callTimeoutSeconds: 30,
      countsCutAttempts: false,
      missedAnswers: 0,
    },
    offlineStop: 'minus-one',
    ending: 'by-the-book',
    meterTransactionId: 'real',
    liveness: { pingSeconds: 55, answersPings: true },
    sampleSeconds: 30,
    measurands: ['Energy.Active.Import.Register', 'Current.Import', 'Voltage'],
    rebootSeconds: 5,
    quirks: [
      'StatusNotification before BootNotification',
      'no BootNotification when it only reconnects',
      'stops a transaction that began offline with transactionId -1',
    ],
  },
  rapida: {
    name: 'rapida',
    vendor: 'Rapida Systems',
    model: 'HPC 150',
    firmware: '7.11.0',
    connectors: 2,
    supply: { kind: 'DC', maxWatts: 150_000, maxAmperes: 350 },
    cable: 'tethered',
    boot: { on: 'every-connection', statusFirst: false },
    dialect: standardDialect,
    retry: {
      messageId: 'same',
      attempts: 12,
      intervalSeconds: 5,
      callTimeoutSeconds: 10,
      countsCutAttempts: false,
      missedAnswers: 0.15,
    },
    offlineStop: 'transaction-id',
    ending: 'available-first',
    meterTransactionId: 'real',
    liveness: { pingSeconds: 20, answersPings: true },
    sampleSeconds: 30,
    measurands: ['Energy.Active.Import.Register', 'Power.Active.Import', 'Current.Import', 'Voltage', 'SoC'],
    rebootSeconds: 12,
    quirks: [
      'sends a message whose answer it missed again, with the same message id',
      'Available before StopTransaction, values of Transaction.End after it',
    ],
  },
  stille: {
    name: 'stille',
    vendor: 'Stille GmbH',
    model: '4-You 11',
    firmware: '1.5.22',
    connectors: 1,
    supply: { kind: 'AC', phases: 3, voltsPerPhase: 230, maxAmperes: 16 },
    cable: 'socket',
    boot: { on: 'every-connection', statusFirst: false },
    dialect: { ...standardDialect, tags: 'lower-case', emptyPayload: 'null' },
    retry: {
      messageId: 'new',
      attempts: 5,
      intervalSeconds: 30,
      callTimeoutSeconds: 40,
      countsCutAttempts: false,
      missedAnswers: 0,
    },
    offlineStop: 'transaction-id',
    ending: 'by-the-book',
    meterTransactionId: 'zero',
    liveness: { pingSeconds: 0, answersPings: false },
    sampleSeconds: 60,
    measurands: ['Energy.Active.Import.Register', 'Power.Active.Import'],
    rebootSeconds: 20,
    quirks: [
      'neither pings nor answers pings',
      'null instead of an empty payload',
      'transactionId 0 in MeterValues although a transaction runs',
      'id tags in lower case',
    ],
  },
} as const satisfies Readonly<Record<string, Brand>>

export type BrandName = keyof typeof brands
export const brandNames = Object.keys(brands) as BrandName[]
