import type { ChargerSummary, TokenSpelling } from '@voltrail/contracts/events/charger'
import type { TokenRef } from '@voltrail/contracts/ids'

type Spellings = NonNullable<ChargerSummary['spellings']>
type State = Pick<ChargerSummary, 'spellings'>

/** Some 250 bytes each in a summary, where it is not the usual form. */
const keptSpellings = 64

/** With how the charger has just written a token; the newest is kept of each. */
export const spellingsWith = (
  state: State,
  tokenRef: TokenRef,
  spelling: TokenSpelling | undefined,
): { spellings?: Spellings } => {
  if (spelling === undefined) return {}
  const others = (state.spellings ?? []).filter((one) => one.tokenRef !== tokenRef)
  return { spellings: [...others.slice(1 - keptSpellings), { tokenRef, ...spelling }] }
}

/** How the charger wrote a token last; undefined where it never did, or long ago. */
export const spellingOf = (state: State, tokenRef: TokenRef): TokenSpelling | undefined =>
  state.spellings?.find((one) => one.tokenRef === tokenRef)
