import { errorFrame } from '@voltrail/ocpp/framing'
import type { UnreadableFrame } from '@voltrail/ocpp/framing'

/**
 * What a frame that is no OCPP message is answered with: a CALLERROR if it is a CALL whose id can be read, else nothing.
 * OCPP-J 1.6 §4.2 has no answer without an id, and §4.1.3 says that a message of an unknown type is ignored.
 */
export const answerToUnreadable = (frame: UnreadableFrame, text: string): string | undefined => {
  if (frame.messageId === undefined || !/^\s*\[\s*"?2"?\s*,/.test(text)) return undefined
  return errorFrame(frame.messageId, 'FormationViolation', frame.detail)
}
