import { text } from './fields.ts'
import { idTagInfo, idToken } from './id-token.ts'
import { AnswerMismatch, type InboundMessage } from './inbound-message.ts'
import { rewrittenTag } from './tag-rewrite.ts'

/** OCPP 1.6 §4.1, §6.1. */
export const authorize: InboundMessage = {
  action: 'Authorize',
  read: (payload, _received, desk) => ({
    type: 'Authorize',
    idToken: idToken(rewrittenTag(text(payload, 'idTag') ?? '', desk)),
  }),
  answer: (answer) => {
    if (answer.type !== 'Authorize') throw new AnswerMismatch('Authorize', answer)
    return { idTagInfo: idTagInfo(answer.authorization) }
  },
}
