import type { Actor } from '@voltrail/contracts/charger-commands'
import type { DesiredKey, SeenKey } from '@voltrail/contracts/events/device'
import type { DeviceEvent } from '@voltrail/contracts/events/registry'
import { instant, type Instant } from '@voltrail/contracts/quantities'
import { accept, reject, type Decision } from '../decider.ts'
import { isSecretKey } from '../secret-keys.ts'
import { hasUrlSecret } from '../url-secrets.ts'
import type { Outcome, SettledCommand } from './settled-command.ts'
import type { DeviceState, Part } from './device-state.ts'
import { isSameKey, keyName } from './key-name.ts'

/** The keys that a charger shall have, how far each has come, and what it shows. */
export const configurationWith: Part = (state, event) => {
  switch (event.type) {
    case 'ConfigurationDesired': {
      const { keys, released = [], mayReset } = event.data
      const gone = new Set([...keys.map(({ key }) => key), ...released].map(keyName))
      return {
        ...state,
        desired: [...(state.desired ?? []).filter(({ key }) => !gone.has(keyName(key))), ...keys],
        // what is wanted anew is tried anew
        keys: (state.keys ?? []).filter(({ key }) => !gone.has(keyName(key))),
        ...(mayReset === undefined ? {} : { mayReset }),
      }
    }
    case 'ConfigurationKeyTried': {
      const { commandId: _, ...tried } = event.data
      return { ...state, keys: [...(state.keys ?? []).filter(({ key }) => !isSameKey(key, tried.key)), tried] }
    }
    case 'ConfigurationChanged': {
      const { full, set, gone } = event.data
      const away = new Set([...set.map(({ key }) => key), ...gone].map(keyName))
      const known = state.configuration ?? { keys: [] }
      const keys = [...known.keys.filter(({ key }) => !away.has(keyName(key))), ...set]
      return { ...state, configuration: { ...known, keys, ...(full ? { fullAt: event.metadata.receivedAt } : {}) } }
    }
    default:
      return state
  }
}

export type KeyTried = NonNullable<DeviceState['keys']>[number]

/** Our own changes of a desired key have ids that begin so; anybody else's change of it suspends what we do. */
export const reconcilePrefix = 'cfg-'

const minute = 60_000
/** after a try that came to nothing: 5 min, doubling, a day at most */
const backOffMs = (attempts: number): number => Math.min(1_440, 5 * 2 ** Math.min(10, attempts - 1)) * minute

/** What the answers to configuration commands say: what the charger shows, and how far a desired key has come. */
export const configurationOutcome: Outcome = (settled, state) => {
  const { command } = settled
  switch (command.type) {
    case 'GetConfiguration':
      return shown(settled, command.keys, state)
    case 'ChangeConfiguration': {
      const status = statusOf(settled)
      const { key, value } = command
      const known = state.configuration?.keys.find((one) => isSameKey(one.key, key))
      const taken: readonly DeviceEvent[] =
        status === 'Accepted' && !command.redacted && known?.value !== value
          ? [
              changed(
                { full: false, set: [{ key: known?.key ?? key, value, readonly: known?.readonly ?? false }], gone: [] },
                settled,
              ),
            ]
          : []
      return [...taken, ...tried(settled, status, key, state)]
    }
    default:
      return []
  }
}

const changed = (
  data: { full: boolean; set: SeenKey[]; gone: string[] },
  { commandId }: SettledCommand,
): DeviceEvent => ({ type: 'ConfigurationChanged', data: { ...data, commandId } })

const tried = (
  { commandId, settledAt, by, result }: SettledCommand,
  status: 'Accepted' | 'RebootRequired' | 'Rejected' | 'NotSupported' | 'Failed',
  key: string,
  state: DeviceState,
): readonly DeviceEvent[] => {
  const before = state.keys?.find((one) => isSameKey(one.key, key))
  const ours = commandId.startsWith(reconcilePrefix)
  if (!ours) {
    const desired = before !== undefined || state.desired?.some((one) => isSameKey(one.key, key))
    // an answer that cannot be read may have been a yes
    const took = status === 'Accepted' || status === 'RebootRequired' || result.outcome === 'invalidAnswer'
    return desired && took && before?.outcome !== 'Suspended' ? [suspended(key, before, settledAt, by)] : []
  }
  // somebody set it by hand while ours was on its way
  if (before?.outcome === 'Suspended') return []
  const attempts = (before?.attempts ?? 0) + 1
  const again = status === 'Failed' ? { nextAt: instant(Date.parse(settledAt) + backOffMs(attempts)) } : {}
  return [
    {
      type: 'ConfigurationKeyTried',
      data: { key, outcome: status, attempts, at: settledAt, ...again, ...bootsOf(before), commandId },
    },
  ]
}

const bootsOf = (before: KeyTried | undefined): Pick<KeyTried, 'boots' | 'bootAt'> => ({
  ...(before?.boots === undefined ? {} : { boots: before.boots }),
  ...(before?.bootAt === undefined ? {} : { bootAt: before.bootAt }),
})

const suspended = (key: string, before: KeyTried | undefined, at: Instant, by: Actor | undefined): DeviceEvent => ({
  type: 'ConfigurationKeyTried',
  data: {
    key,
    outcome: 'Suspended',
    attempts: before?.attempts ?? 0,
    at,
    ...bootsOf(before),
    ...(by === undefined ? {} : { by }),
  },
})

const statusOf = ({ result }: SettledCommand) => {
  if (result.outcome !== 'result') return 'Failed' as const
  switch (result.status) {
    case 'Accepted':
    case 'RebootRequired':
    case 'Rejected':
    case 'NotSupported':
      return result.status
    default:
      return 'Failed' as const
  }
}

const shown = (
  settled: SettledCommand,
  asked: readonly string[] | undefined,
  state: DeviceState,
): readonly DeviceEvent[] => {
  const { result } = settled
  if (result.outcome !== 'result' || !Array.isArray(result.payload['configurationKey'])) return []
  const full = asked === undefined || asked.length === 0
  const known = new Map((state.configuration?.keys ?? []).map((one) => [keyName(one.key), one]))
  // the edge has coerced each to the schema
  const seen = (result.payload['configurationKey'] as unknown as readonly SeenKey[]).map(
    ({ key, value, readonly }) => ({
      key,
      ...(value === undefined ? {} : { value }),
      readonly,
    }),
  )
  const set = seen.filter(({ key, value, readonly }) => {
    const before = known.get(keyName(key))
    return before?.key !== key || before.value !== value || before.readonly !== readonly
  })
  const names = new Set(seen.map(({ key }) => key))
  const unknown = Array.isArray(result.payload['unknownKey']) ? (result.payload['unknownKey'] as readonly string[]) : []
  const named = new Set([...names, ...unknown].map(keyName))
  // under another spelling it is gone too: who keeps keys by their exact names has it once
  const gone = [...known.values()]
    .map(({ key }) => key)
    .filter((key) => !names.has(key) && (full || named.has(keyName(key))))
  return set.length === 0 && gone.length === 0 && !full ? [] : [changed({ full, set, gone }, settled)]
}

/** What is wanted of a key, and since when. */
export interface Wanted {
  readonly key: string
  readonly value: string
  readonly since: Instant
}

export interface DesireRefusal {
  readonly kind: 'secret-key' | 'repeated-key'
  readonly detail: string
}

/** Keys of which another part has charge, with its checks: a slip would lock the charger out. */
const keptElsewhere: ReadonlySet<string> = new Set(['securityprofile', 'authorizationkey'])

/** Whether a charger that takes this key may be locked out: the edge knows nothing of what it was told. */
export const locksOut = (key: string): boolean => keptElsewhere.has(keyName(key))

/** Why keys may not be desired; `undefined`: they may. */
export const desireRefusal = (keys: readonly Pick<DesiredKey, 'key' | 'value'>[]): DesireRefusal | undefined => {
  const names = keys.map(({ key }) => key)
  const kept = names.find(locksOut)
  if (kept !== undefined)
    return {
      kind: 'secret-key',
      detail: `${kept} is changed by POST /v1/chargers/{id}/security, which keeps the charger reachable`,
    }
  const secret = keys.find(({ key, value }) => isSecretKey(key) || hasUrlSecret(value))
  if (secret !== undefined)
    return {
      kind: 'secret-key',
      detail: `${secret.key} holds a secret, which is never kept: send it by ChangeConfiguration`,
    }
  const twice = names.find((key, i) => names.findIndex((one) => isSameKey(one, key)) !== i)
  return twice === undefined ? undefined : { kind: 'repeated-key', detail: `${twice} is there twice` }
}

/** An operator says what keys a charger shall have. Said again of a key that was left alone, it is taken up anew. */
export const desireConfiguration = (
  command: {
    readonly keys: readonly Pick<DesiredKey, 'key' | 'value'>[]
    readonly released?: readonly string[] | undefined
    readonly mayReset?: boolean | undefined
  },
  state: DeviceState,
): Decision<DeviceEvent, DesireRefusal> => {
  const refusal = desireRefusal(command.keys)
  if (refusal !== undefined) return reject(refusal)
  const left: ReadonlySet<string> = new Set(
    (state.keys ?? [])
      .filter(({ outcome, nextAt }) => outcome !== 'Accepted' && nextAt === undefined)
      .map(({ key }) => keyName(key)),
  )
  const keys = command.keys
    .filter(
      ({ key, value }) =>
        left.has(keyName(key)) || !state.desired?.some((one) => isSameKey(one.key, key) && one.value === value),
    )
    .map(({ key, value }) => ({ key, value, redacted: false }))
  const released = (command.released ?? []).filter(
    (key) =>
      state.desired?.some((one) => isSameKey(one.key, key)) || state.keys?.some((one) => isSameKey(one.key, key)),
  )
  const mayReset = command.mayReset === state.mayReset ? undefined : command.mayReset
  return keys.length === 0 && released.length === 0 && mayReset === undefined
    ? accept()
    : accept<DeviceEvent>({
        type: 'ConfigurationDesired',
        data: {
          keys,
          ...(released.length === 0 ? {} : { released }),
          ...(mayReset === undefined ? {} : { mayReset }),
        },
      })
}

/** A change and a boot that come so close are cause and effect. */
export const blameMs = 10 * minute
/** A key after which the charger booted so often is left alone. */
const mostBoots = 2
/** How long a boot has to be over before the configuration is touched; twice as long for each boot that we caused. */
export const settleMs = (state: DeviceState): number =>
  minute * 2 ** Math.min(6, Math.max(0, ...(state.keys ?? []).map(({ boots }) => boots ?? 0)))

/**
 * The charger booted. Keys that we set shortly before are to blame, unless it had to boot for them; after two such boots a key is
 * left alone until it is desired anew (a charger must not be driven into a boot loop).
 */
export const bootAfterChange = (bootedAt: Instant, state: DeviceState): Decision<DeviceEvent> =>
  accept<DeviceEvent>(
    ...(state.keys ?? [])
      .filter(
        ({ outcome, at, bootAt }) =>
          (outcome === 'Accepted' || outcome === 'Rebooted' || outcome === 'Failed') &&
          (bootAt === undefined || bootAt < bootedAt) &&
          Date.parse(bootedAt) > Date.parse(at) &&
          Date.parse(bootedAt) - Date.parse(at) < blameMs,
      )
      .map(({ key, attempts, at, boots = 0 }): DeviceEvent => {
        const left = boots + 1 >= mostBoots
        const again = instant(Date.parse(bootedAt) + backOffMs(attempts + 1))
        return {
          type: 'ConfigurationKeyTried',
          data: {
            key,
            outcome: left ? 'Quarantined' : 'Rebooted',
            attempts,
            at,
            boots: boots + 1,
            bootAt: bootedAt,
            ...(left ? {} : { nextAt: again }),
          },
        }
      }),
  )

/**
 * Somebody set a key by hand that is desired, of the charger or of its model, and the charger may have taken it: it is left to
 * them until it is desired anew.
 */
export const suspendKey = (
  key: string,
  at: Instant,
  by: Actor | undefined,
  state: DeviceState,
): Decision<DeviceEvent> => {
  const before = state.keys?.find((one) => isSameKey(one.key, key))
  return before?.outcome === 'Suspended' && before.at >= at
    ? accept()
    : accept<DeviceEvent>(suspended(key, before, at, by))
}

/** A key that was as it is desired shows another value. It is set again, later each time. */
export const noticeDrift = (key: string, at: Instant, state: DeviceState): Decision<DeviceEvent> => {
  const before = state.keys?.find((one) => isSameKey(one.key, key))
  if (before?.outcome !== 'Accepted' && before?.outcome !== 'RebootRequired') return accept()
  const nextAt = instant(Date.parse(at) + backOffMs(before.attempts))
  return accept<DeviceEvent>({
    type: 'ConfigurationKeyTried',
    data: { ...before, outcome: 'Drifted', at, nextAt },
  })
}

/** What is to be done about one key now. */
export type KeyStep =
  | { readonly do: 'nothing' }
  | { readonly do: 'set'; readonly attempt: number; readonly at: number }
  | { readonly do: 'drift' }
  /** it is set, and works after a boot */
  | { readonly do: 'reset' }

/** @param bootedAt the newest boot: one after the try has made effective what needed it */
export const keyStep = (wanted: Wanted, state: DeviceState, bootedAt: Instant | undefined): KeyStep => {
  const seen = state.configuration?.keys.find(({ key }) => isSameKey(key, wanted.key))
  const right = seen?.value === wanted.value
  const last = state.keys?.find(({ key, at }) => isSameKey(key, wanted.key) && at >= wanted.since)
  if (last === undefined) return right ? { do: 'nothing' } : { do: 'set', attempt: 1, at: 0 }
  const next = { do: 'set', attempt: last.attempts + 1, at: Date.parse(last.nextAt ?? last.at) } as const
  switch (last.outcome) {
    case 'Accepted':
      return right ? { do: 'nothing' } : { do: 'drift' }
    case 'RebootRequired':
      if (bootedAt === undefined || bootedAt <= last.at) return { do: 'reset' }
      return right ? { do: 'nothing' } : { do: 'drift' }
    case 'Failed':
    case 'Drifted':
    case 'Rebooted':
      return right ? { do: 'nothing' } : next
    case 'Rejected':
    case 'NotSupported':
    case 'Quarantined':
    case 'Suspended':
      return { do: 'nothing' }
    default:
      return last.outcome satisfies never
  }
}
