import type { FactOf, FactReply, FactRequest } from '@voltrail/contracts/facts'
import { chargerStream } from '@voltrail/contracts/streams'
import { answeredBefore, charger } from '@voltrail/domain/charger/charger'
import { withRemoteStart } from '@voltrail/domain/charger/remote-starts'
import { authorise } from '@voltrail/domain/id-token'
import { accept } from '@voltrail/domain/decider'
import type { CentralDeps } from '../central-deps.ts'
import { factMetadata } from '../evidence.ts'
import { presentedToken } from '../presented-token.ts'
import { answered } from './answered.ts'
import { authorizationOf } from './authorization.ts'

/** May this id token charge? The answer is an event, a refusal too. */
export const authorize = async (request: FactRequest<FactOf<'Authorize'>>, deps: CentralDeps): Promise<FactReply> => {
  const { tenant, chargerId, factId, fact, receivedAt } = request
  const token = await presentedToken(deps, tenant, fact.idToken, request.frame)
  const { idToken, frame, spelling } = token
  const settings = await deps.lookUps.settings(tenant)
  const verdict = authorise(token.state, settings.value, receivedAt)
  const { state } = await deps.decide(
    charger,
    chargerStream(tenant, chargerId),
    (known) =>
      answeredBefore(known, factId) !== undefined
        ? accept()
        : accept({
            type: 'AuthorizationDecided',
            data: {
              idToken,
              ...withRemoteStart(known, idToken.ref, verdict, receivedAt),
              ...(spelling === undefined ? {} : { spelling }),
            },
          }),
    factMetadata(deps, request, { frame, lookups: [...token.lookups, settings.lookup] }),
  )
  const answer = answeredBefore(state, factId)
  if (answer?.type !== 'Authorize') throw new Error('the charger does not remember its answer to an Authorize')
  return answered(deps, {
    type: 'Authorize',
    authorization: await authorizationOf(deps, tenant, answer.authorization, token.state),
  })
}
