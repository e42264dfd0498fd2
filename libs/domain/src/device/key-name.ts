/**
 * What tells configuration keys apart. OCPP 1.6 §7.29 has key names as CiString50Type, without regard to case, and makes write
 * `authorizationKey` or `heartbeatInterval`.
 */
export const keyName = (key: string): string => key.trim().toLowerCase()

export const isSameKey = (one: string, other: string): boolean => keyName(one) === keyName(other)
