import { between, pick, type Random } from '@voltrail/simulator/random'

/** What happens to the processes, one after the other. Times are in seconds of the field. */
export type Fault =
  | { readonly kind: 'kill'; readonly processes: readonly string[]; readonly signal: 'SIGKILL' | 'SIGTERM' }
  | { readonly kind: 'freeze'; readonly process: string; readonly fieldS: number }
  | { readonly kind: 'flap'; readonly times: number }
  | { readonly kind: 'store'; readonly what: string; readonly settings: Readonly<Record<string, object>> }

/** What happens to one charger. */
export type Misfortune =
  | { readonly kind: 'roams' | 'is cut off' | 'loses its power' }
  /** it hears nothing for so many seconds of the field, then comes by another way; the edge still holds the old one */
  | { readonly kind: 'goes deaf'; readonly fieldS: number }
  | { readonly kind: 'sets its clock'; readonly aheadS: number }

/** Seconds that an event store is away, or comes and goes. */
const frozenS = [5, 60, 600]
const flapS = 20
const together = [
  ['central', 'central-2'],
  ['edge', 'edge-2'],
  ['event-store', 'nats'],
  ['central', 'nats'],
  ['central-2', 'event-store'],
  ['postgres', 'projector-reporting'],
  ['edge', 'central'],
]
const frozen: Readonly<Record<string, number>> = {
  central: 10,
  'central-2': 30,
  edge: 10,
  nats: 10,
  billing: 30,
  timers: 60,
  'projector-reporting': 60,
  'projector-load': 60,
}
/** By the switches of the development event store. */
const storeFaults: readonly (readonly [what: string, settings: Readonly<Record<string, object>>])[] = [
  ['its connection breaks before a commit', { dropConnection: { next: 5, when: 'before-commit' } }],
  ['its connection breaks after a commit', { dropConnection: { next: 5, when: 'after-commit' } }],
  ['it commits and does not answer', { silentAppend: { next: 4, commit: true } }],
  ['it neither commits nor answers', { silentAppend: { next: 4 } }],
  ['its disk is full', { diskFull: { next: 60 } }],
  ['it refuses the revision', { wrongExpectedVersion: { next: 6 } }],
  ['it drops subscribers', { slowConsumer: { next: 6, manner: 'aborted' } }],
]

/** All faults that processes of these names can have. */
export const everyFault = (names: readonly string[]): readonly Fault[] => {
  const there = (name: string): boolean => names.includes(name)
  const kills = names.flatMap((name): Fault[] =>
    (['SIGKILL', 'SIGTERM'] as const).map((signal) => ({ kind: 'kill', processes: [name], signal })),
  )
  const pairs = together
    .filter((pair) => pair.every(there))
    .map((processes): Fault => ({ kind: 'kill', processes, signal: 'SIGKILL' }))
  const freezes = Object.entries(frozen)
    .filter(([name]) => there(name))
    .map(([process, fieldS]): Fault => ({ kind: 'freeze', process, fieldS }))
  if (!there('event-store')) return [...kills, ...pairs, ...freezes]
  return [
    ...kills,
    ...pairs,
    ...freezes,
    ...frozenS.map((fieldS): Fault => ({ kind: 'freeze', process: 'event-store', fieldS })),
    { kind: 'flap', times: 4 },
    ...storeFaults.map(([what, settings]): Fault => ({ kind: 'store', what, settings })),
  ]
}

/** How long a fault lasts, in seconds of the field; what is killed is back when it is back. */
export const lastsS = (fault: Fault): number => {
  if (fault.kind === 'freeze') return fault.fieldS
  if (fault.kind === 'flap') return (2 * fault.times - 1) * flapS
  return fault.kind === 'store' ? flapS : 0
}
export { flapS }

/** Faults without end: all of them in an order by chance, then all again in another. */
export function* dealFaults(names: readonly string[], random: Random): Generator<Fault, never> {
  for (;;) {
    const deck = [...everyFault(names)]
    while (deck.length > 0) {
      const [fault] = deck.splice(Math.floor(random() * deck.length), 1)
      yield fault!
    }
  }
}

/** Misfortunes of chargers without end, each with whom it befalls. */
export function* dealMisfortunes(chargers: readonly string[], random: Random): Generator<[string, Misfortune], never> {
  for (;;) yield [pick(random, chargers), misfortune(random)]
}

const misfortune = (random: Random): Misfortune => {
  const kind = pick(random, ['roams', 'roams', 'roams', 'goes deaf', 'is cut off', 'loses its power', 'sets its clock'])
  if (kind === 'goes deaf') return { kind, fieldS: Math.round(between(random, 1, 60)) }
  if (kind === 'sets its clock') return { kind, aheadS: pick(random, [0, 0, 40, -40, 600, -600, 7_200, -7_200, -1e9]) }
  return { kind: kind as 'roams' }
}

export const describeFault = (fault: Fault): string => {
  if (fault.kind === 'kill') return `${fault.signal} ${fault.processes.join(' and ')}`
  if (fault.kind === 'freeze') return `${fault.process} stands still for ${fault.fieldS} s`
  return fault.kind === 'flap' ? `event-store comes and goes ${fault.times} times` : `event-store: ${fault.what}`
}

export const describeMisfortune = (misfortune_: Misfortune): string => {
  if (misfortune_.kind === 'goes deaf') return `goes deaf for ${misfortune_.fieldS} s`
  return misfortune_.kind === 'sets its clock' ? `sets its clock ${misfortune_.aheadS} s ahead` : misfortune_.kind
}
