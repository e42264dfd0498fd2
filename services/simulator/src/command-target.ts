import type { CommandTarget } from './call-answers.ts'
import type { Charger } from './charger.ts'
import type { Connector } from './connector.ts'

/** What a charger does when the central system asks for something. */
export function createCommandTarget(
  charger: Charger,
  remoteStarted: (charger: Charger, connector: Connector, idTag: string) => void,
): CommandTarget {
  const { brand, connectors, configuration, charging } = charger
  const find = (id: number) => connectors.find((connector) => connector.id === id)
  const ready = (connector: Connector) =>
    !connector.authorizing && (connector.status === 'Available' || connector.status === 'Preparing')
  /** 0 or none = all of them; unknown = none. */
  const named = (id: number | undefined) =>
    id === undefined || id === 0 ? connectors : connectors.filter((connector) => connector.id === id)

  return {
    vendor: brand.vendor,

    remoteStart(idTag, connectorId) {
      const candidates = connectors.filter((connector) => connectorId === undefined || connector.id === connectorId)
      // with a car waiting first
      const connector = candidates.find((one) => ready(one) && one.plugged) ?? candidates.find(ready)
      if (!connector || !charger.online || !charger.inService) return { status: 'Rejected' }
      connector.authorizing = true
      return { status: 'Accepted', after: () => remoteStarted(charger, connector, idTag) }
    },

    remoteStop(transactionId) {
      const connector = connectors.find((one) => one.transaction?.transactionId === transactionId)
      if (!connector) return { status: 'Rejected' }
      return { status: 'Accepted', after: () => void charging.end(connector, 'Remote') }
    },

    reset: (type) => ({ status: 'Accepted', after: () => void charger.restart(type) }),

    unlock(connectorId) {
      const connector = find(connectorId)
      if (!connector || brand.cable === 'tethered') return { status: 'NotSupported' }
      return {
        status: 'Unlocked',
        after: () => void charging.end(connector, 'UnlockCommand').then(() => charger.unplug(connector)),
      }
    },

    changeAvailability(connectorId, operative) {
      const affected = named(connectorId)
      if (affected.length === 0) return { status: 'Rejected' }
      const busy = !operative && affected.some((connector) => connector.transaction)
      for (const connector of affected) connector.setOperative(operative)
      if (connectorId === 0) charger.setOperative(operative)
      const after = () => {
        if (connectorId === 0) void charger.reportStatus(undefined)
        for (const connector of affected) void charger.reportStatus(connector)
      }
      return { status: busy ? 'Scheduled' : 'Accepted', after }
    },

    changeConfiguration(key, value) {
      const status = configuration.change(key, value)
      return status === 'Accepted' ? { status, after: () => charger.configurationChanged(key, value) } : { status }
    },

    showConfiguration: (keys) => configuration.show(keys),

    clearCache: () => charger.authorization.clearCache(),

    trigger(message, connectorId) {
      const affected = named(connectorId)
      if (affected.length === 0) return { status: 'Rejected' }
      switch (message) {
        case 'BootNotification':
          return { status: 'Accepted', after: () => charger.bootAgain() }
        case 'Heartbeat':
          return { status: 'Accepted', after: () => void charger.call('Heartbeat', {}) }
        case 'StatusNotification':
          return {
            status: 'Accepted',
            after: () => {
              if (!connectorId) void charger.reportStatus(undefined, true)
              for (const connector of affected) void charger.reportStatus(connector, true)
            },
          }
        case 'MeterValues':
          return {
            status: 'Accepted',
            after: () => {
              for (const connector of affected) {
                if (charging.sampleNow(connector)) continue
                const meterValue = [charging.readOut(connector, 'Trigger')]
                void charger.call('MeterValues', { connectorId: connector.id, meterValue })
              }
            },
          }
        default:
          return { status: 'NotImplemented' }
      }
    },
  }
}
