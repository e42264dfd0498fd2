import type { LogPosition } from '@voltrail/event-store/event-log'

/** `commit`, or `commit/prepare` where the two differ. */
export const positionText = ({ commit, prepare }: LogPosition): string =>
  commit === prepare ? `${commit}` : `${commit}/${prepare}`

/** The position that a text names. The text is in the form of contracts' `PositionText`. */
export function readPosition(text: string): LogPosition {
  const [commit = '', prepare = commit] = text.split('/')
  return { commit: BigInt(commit), prepare: BigInt(prepare) }
}
