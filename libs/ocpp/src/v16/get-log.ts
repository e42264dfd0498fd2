import { readInstant, writeTimestamp } from '../timestamp.ts'
import type { Fields } from './inbound-message.ts'
import type { OutboundMessage } from './outbound-message.ts'

/** Diagnostics as every 1.6 charger has them: OCPP 1.6 §5.9, §6.23. The security log: security white paper §5.9. */
export const getLog: OutboundMessage<'GetLog'> = {
  action: ({ log }) => (log === 'SecurityLog' ? 'GetLog' : 'GetDiagnostics'),
  actions: ['GetDiagnostics', 'GetLog'],
  write: ({ requestId, log, location, from, until, retries, retryIntervalSeconds }) => {
    const again = {
      ...(retries !== undefined && { retries }),
      ...(retryIntervalSeconds !== undefined && { retryInterval: retryIntervalSeconds }),
    }
    if (log === 'DiagnosticsLog')
      return {
        payload: {
          location,
          ...again,
          ...(from !== undefined && { startTime: writeTimestamp(from) }),
          ...(until !== undefined && { stopTime: writeTimestamp(until) }),
        },
      }
    return {
      payload: {
        logType: log,
        requestId,
        ...again,
        log: {
          remoteLocation: location,
          ...(from !== undefined && { oldestTimestamp: writeTimestamp(from) }),
          ...(until !== undefined && { latestTimestamp: writeTimestamp(until) }),
        },
      },
    }
  },
  statusless: true,
  read: (payload, { action, requestId }) => {
    const again = { retries: payload['retries'], retryIntervalSeconds: payload['retryInterval'] }
    if (action === 'GetDiagnostics')
      return {
        requestId,
        log: 'DiagnosticsLog',
        location: payload['location'],
        from: readInstant(payload['startTime']),
        until: readInstant(payload['stopTime']),
        ...again,
      }
    const { remoteLocation, oldestTimestamp, latestTimestamp } = payload['log'] as Fields
    return {
      requestId: payload['requestId'],
      log: payload['logType'],
      location: remoteLocation,
      from: readInstant(oldestTimestamp),
      until: readInstant(latestTimestamp),
      ...again,
    }
  },
}
