import fc from 'fast-check'
import { pick, seededRandom, type Random } from '@voltrail/simulator/random'
import { recordedFrames } from './recorded-frames.ts'

/** One frame of a charger that means harm, or has gone mad. */
export interface HostileFrame {
  /** its place in the run; with the seed it names the frame for ever */
  readonly index: number
  readonly bytes: Buffer
  readonly binary: boolean
}

/** Frames are drawn so many at a time: that is what fast-check is quick at. */
export const blockSize = 500

const actions = [
  ...new Set(recordedFrames.flatMap((text) => /^\[2,"#","(\w+)"/.exec(text)?.[1] ?? [])),
  'Reset',
  'BrewCoffee',
  '__proto__',
  'constructor',
  'heartbeat',
  'TransactionEvent',
]
const keys = [
  'connectorId',
  'idTag',
  'timestamp',
  'meterStart',
  'meterStop',
  'transactionId',
  'meterValue',
  'sampledValue',
  'value',
  'status',
  'errorCode',
  'vendorId',
  'data',
  'chargePointVendor',
  'chargePointModel',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'length',
]
const oddTexts = [
  '\ud800',
  '\udfff\ud800',
  '\u0000',
  '',
  'x'.repeat(20_000),
  '2026-13-45T99:99:99Z',
  '-0',
  '\u202e',
  'NaN',
]
const oddNumbers = ['1e400', '-1e400', '9007199254740993', '-2147483649', '1e-320', '0.1', '-0', `1${'0'.repeat(400)}`]

/** JSON text, and what only looks like it: numbers that no double holds cannot be made by `JSON.stringify`. */
const jsonText = fc.letrec<{ value: string; list: string; object: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: false },
    fc.constantFrom('null', 'true', '{}', '[]', '""', ...oddNumbers),
    fc.integer().map(String),
    fc.double().map((number) => JSON.stringify(number)),
    fc
      .oneof(fc.constantFrom(...oddTexts), fc.string({ unit: 'binary', maxLength: 40 }))
      .map((text) => JSON.stringify(text)),
    tie('list'),
    tie('object'),
  ),
  list: fc.array(tie('value'), { maxLength: 4 }).map((members) => `[${members.join(',')}]`),
  object: fc
    .array(fc.tuple(fc.constantFrom(...keys), tie('value')), { maxLength: 5 })
    .map((members) => `{${members.map(([key, value]) => `${JSON.stringify(key)}:${value}`).join(',')}}`),
}))

const deep = fc
  .tuple(fc.constantFrom(['[', ']'], ['{"a":', '}']), fc.constantFrom(20, 65, 500, 9_000))
  .map(([[open, close], depth]) => `${open.repeat(depth)}1${close.repeat(depth)}`)

/** `#` becomes an id of its own; a few are used again and again, or are none. */
const id = fc.oneof(
  { weight: 12, arbitrary: fc.constant('"#"') },
  { weight: 2, arbitrary: fc.constantFrom('"again"', '"again-2"') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('7', '""', 'null', '{}', '"\\ud800"', '"__proto__"', `"${'i'.repeat(200)}"`),
  },
)
const action = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...actions).map((name) => JSON.stringify(name)) },
  { weight: 1, arbitrary: jsonText.value },
)
const payload = fc.oneof(
  { weight: 6, arbitrary: jsonText.object },
  { weight: 1, arbitrary: jsonText.value },
  { weight: 1, arbitrary: deep },
)
/** A recorded message with one of its members as it must not be. */
const mistyped = fc.tuple(fc.constantFrom(...recordedFrames), fc.nat(), jsonText.value).map(([text, at, value]) => {
  const members = [...text.matchAll(/"\w+":("(?:[^"\\]|\\.)*"|-?\d+)/g)]
  const member = members.length > 0 ? members[at % members.length] : undefined
  if (member === undefined) return text
  const end = member.index + member[0].length
  return text.slice(0, end - member[1]!.length) + value + text.slice(end)
})
const structured = fc.oneof(
  { weight: 5, arbitrary: fc.tuple(id, action, payload).map((parts) => `[2,${parts.join(',')}]`) },
  { weight: 4, arbitrary: mistyped },
  // answers to what nobody asked
  { weight: 2, arbitrary: fc.tuple(id, payload).map((parts) => `[3,${parts.join(',')}]`) },
  {
    weight: 2,
    arbitrary: fc.tuple(id, jsonText.value, payload).map(([to, code, more]) => `[4,${to},${code},"",${more}]`),
  },
  // the wrong number of elements, or of another kind
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom('2', '3', '4', '5', '"2"', '-1', 'null'), id, jsonText.list)
      .map(([type, to, rest]) => `[${type},${to},${rest.slice(1)}`),
  },
  { weight: 1, arbitrary: jsonText.value },
)

const number = (random: Random, below: number): number => Math.floor(random() * below)

/** A change that a broken modem, a full disk or an attacker makes to bytes on their way. */
const mutations: readonly ((bytes: Buffer, random: Random) => Buffer)[] = [
  (bytes, random) => {
    const flipped = Buffer.from(bytes)
    const at = number(random, bytes.length)
    flipped[at] = (flipped[at] ?? 0) ^ (1 << number(random, 8))
    return flipped
  },
  (bytes, random) => {
    const at = number(random, bytes.length + 1)
    const inserted = Buffer.from(Array.from({ length: 1 + number(random, 8) }, () => 32 + number(random, 95)))
    return Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(at)])
  },
  (bytes, random) => {
    const at = number(random, bytes.length)
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + number(random, 12))])
  },
  (bytes, random) => {
    const at = number(random, bytes.length)
    const end = Math.min(bytes.length, at + 1 + number(random, 60))
    return Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)])
  },
  (bytes, random) => bytes.subarray(0, number(random, bytes.length + 1)),
  (bytes, random) => {
    const other = Buffer.from(pick(random, recordedFrames))
    return Buffer.concat([
      bytes.subarray(0, number(random, bytes.length)),
      other.subarray(number(random, other.length)),
    ])
  },
]
const notUtf8 = [
  Buffer.from([0xc3, 0x28]),
  Buffer.from([0xff]),
  Buffer.from([0xed, 0xa0, 0x80]),
  Buffer.from([0xf0, 0x9f]),
]

/** What ends its connection is rare, so that most frames meet one that lives. */
const fatalShare = 0.004

const mutated = (random: Random, name: string): Pick<HostileFrame, 'bytes' | 'binary'> => {
  let bytes = Buffer.from(pick(random, recordedFrames).replaceAll('#', name))
  const times = 1 + number(random, 4)
  for (let i = 0; i < times && bytes.length > 0; i++) bytes = Buffer.from(pick(random, mutations)(bytes, random))
  const fate = random()
  if (fate < fatalShare) return { bytes, binary: true }
  if (fate >= 2 * fatalShare) return { bytes: Buffer.from(bytes.toString('utf8')), binary: false }
  const at = number(random, bytes.length + 1)
  return { bytes: Buffer.concat([bytes.subarray(0, at), pick(random, notUtf8), bytes.subarray(at)]), binary: false }
}

/** The frames `block * blockSize` to `(block + 1) * blockSize - 1` of a seed, the same on every machine. */
export const hostileBlock = (seed: string, block: number): HostileFrame[] => {
  const random = seededRandom(`${seed} ${block}`)
  const drawn = fc.sample(structured, { numRuns: blockSize, seed: number(random, 2 ** 31) })
  return drawn.map((text, i) => {
    const index = block * blockSize + i
    const name = `f${index}`
    if (random() < 0.5) return { index, bytes: Buffer.from(text.replaceAll('"#"', `"${name}"`)), binary: false }
    return { index, ...mutated(random, name) }
  })
}
