/**
 * Calls that may change what a charger draws. Configuration and vendor data may hold anything: nobody here knows which of a
 * vendor's keys and messages are about limits.
 */
const touching: ReadonlySet<string> = new Set([
  'SetChargingProfile',
  'ClearChargingProfile',
  'ChangeConfiguration',
  'DataTransfer',
])

/**
 * The call by which a command may change the limits of a charger; `undefined`: it does not. Given as an operator's own call
 * it needs the role `grid`, and leaves the limits unvouched for until the charger says what it will do.
 */
export const limitsTouchedBy = (command: {
  readonly type: string
  readonly action?: string
  readonly chargingProfile?: unknown
}): string | undefined => {
  if (command.type === 'RemoteStart') return command.chargingProfile === undefined ? undefined : command.type
  const name = command.type === 'RawCall' ? (command.action ?? '') : command.type
  return touching.has(name) ? name : undefined
}
