import type { FactAnswer, FactReply } from '@voltrail/contracts/facts'
import type { CentralDeps } from '../central-deps.ts'

export const answered = (deps: CentralDeps, answer: FactAnswer): FactReply => ({
  outcome: 'answered',
  pod: deps.pod,
  answer,
})
