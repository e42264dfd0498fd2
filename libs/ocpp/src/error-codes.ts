/**
 * Every CALLERROR code, per version, with what it says. OCPP-J 1.6 table 7; OCPP-J 2.0.1 part 4 §4.3.
 * The names are sent as they stand there, misspellings included.
 */
export const errorCodes16 = {
  NotImplemented: 'Requested Action is not known by receiver',
  NotSupported: 'Requested Action is recognized but not supported by the receiver',
  InternalError:
    'An internal error occurred and the receiver was not able to process the requested Action successfully',
  ProtocolError: 'Payload for Action is incomplete',
  SecurityError:
    'During the processing of Action a security issue occurred preventing receiver from completing the Action successfully',
  FormationViolation: 'Payload for Action is syntactically incorrect or not conform the PDU structure for Action',
  PropertyConstraintViolation: 'Payload is syntactically correct but at least one field contains an invalid value',
  // [sic] one r: 1.6 spells it so, and chargers compare the text. 2.0.1 corrected it.
  OccurenceConstraintViolation:
    'Payload for Action is syntactically correct but at least one of the fields violates occurence constraints',
  TypeConstraintViolation:
    'Payload for Action is syntactically correct but at least one of the fields violates data type constraints',
  GenericError: 'Any other error not covered by the previous ones',
} as const
export type ErrorCode16 = keyof typeof errorCodes16

export const errorCodes201 = {
  // 2.0.1's name for what 1.6 calls FormationViolation
  FormatViolation: 'Payload for Action is syntactically incorrect',
  GenericError: 'Any other error not covered by the more specific error codes in this table',
  InternalError:
    'An internal error occurred and the receiver was not able to process the requested Action successfully',
  MessageTypeNotSupported: 'A message with a Message Type Number received that is not supported by this implementation',
  NotImplemented: 'Requested Action is not known by receiver',
  NotSupported: 'Requested Action is recognized but not supported by the receiver',
  OccurrenceConstraintViolation:
    'Payload for Action is syntactically correct but at least one of the fields violates occurrence constraints',
  PropertyConstraintViolation: 'Payload is syntactically correct but at least one field contains an invalid value',
  ProtocolError: 'Payload for Action is not conform the PDU structure',
  RpcFrameworkError: 'Content of the call is not a valid RPC Request, for example: MessageId could not be read',
  SecurityError:
    'During the processing of Action a security issue occurred preventing receiver from completing the Action successfully',
  TypeConstraintViolation:
    'Payload for Action is syntactically correct but at least one of the fields violates data type constraints',
} as const
export type ErrorCode201 = keyof typeof errorCodes201
