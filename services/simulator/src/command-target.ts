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
  const readyStatuses: readonly string[] = ['Available', 'Preparing', 'Reserved']
  const ready = (connector: Connector) => !connector.authorizing && readyStatuses.includes(connector.status)
  /** 0 or none = all of them; unknown = none. */
  const named = (id: number | undefined) =>
    id === undefined || id === 0 ? connectors : connectors.filter((connector) => connector.id === id)

  /** At once, and told where a connector pauses or goes on by it. */
  const heedLimits = () => {
    charging.heedLimits()
    for (const connector of connectors) void charger.reportStatus(connector)
  }

  return {
    vendor: brand.vendor,

    remoteStart(idTag, connectorId, profile) {
      const candidates = connectors.filter(
        (one) => (connectorId === undefined || one.id === connectorId) && charger.mayBegin(one, idTag),
      )
      // with a car waiting first
      const connector = candidates.find((one) => ready(one) && one.plugged) ?? candidates.find(ready)
      if (!connector || !charger.online || !charger.inService) return { status: 'Rejected' }
      // §5.11: only a TxProfile may come with a remote start
      const fits = profile?.chargingProfilePurpose === 'TxProfile'
      if (profile && !(fits && charger.profiles.set(connector.id, profile, charger.now(), true) === 'Accepted'))
        return { status: 'Rejected' }
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

    listVersion: () => charger.localList.version,
    updateList: (update) => ({
      status: configuration.flag('LocalAuthListEnabled') ? charger.localList.update(update) : 'NotSupported',
    }),

    reserve(connectorId, reservation) {
      const connector = find(connectorId)
      if (!connector || reservation.until <= charger.now()) return { status: 'Rejected' }
      const elsewhere = connectors.find((one) => one.reservation?.reservationId === reservation.reservationId)
      if (connector.status === 'Unavailable') return { status: 'Unavailable' }
      const replaces = connector.status === 'Reserved' && elsewhere === connector
      if (connector.status !== 'Available' && !replaces) return { status: 'Occupied' }
      return {
        status: 'Accepted',
        after: () => {
          // §5.13: the same number again takes the place of the reservation that has it
          if (elsewhere && elsewhere !== connector) {
            elsewhere.reservation = undefined
            void charger.reportStatus(elsewhere)
          }
          charger.reserve(connector, reservation)
        },
      }
    },

    cancelReservation(reservationId) {
      const connector = connectors.find((one) => one.reservation?.reservationId === reservationId)
      if (!connector) return { status: 'Rejected' }
      connector.reservation = undefined
      return { status: 'Accepted', after: () => void charger.reportStatus(connector) }
    },

    setProfile: (connectorId, profile) => ({
      status: charger.profiles.set(connectorId, profile, charger.now()),
      after: heedLimits,
    }),
    clearProfile: (criteria) => ({ status: charger.profiles.clear(criteria), after: heedLimits }),
    compositeSchedule(connectorId, duration, unit) {
      const connector = find(connectorId)
      if (connectorId !== 0 && !connector) return undefined
      const moment = charger.moment(connector)
      const own = brand.supply.kind === 'AC' ? 'A' : 'W'
      return {
        scheduleStart: new Date(moment.at).toISOString(),
        chargingSchedule: charger.profiles.composite(connector, moment, duration, unit ?? own),
      }
    },

    updateFirmware: (location, retrieveAt, retrying) => void charger.transfers.update(location, retrieveAt, retrying),
    diagnostics: (location, retrying) => charger.transfers.diagnostics(location, retrying),
    log: (request) => charger.transfers.log(request),

    clearCache: () => charger.authorization.clearCache(),

    trigger(message, connectorId) {
      const affected = named(connectorId)
      if (affected.length === 0) return { status: 'Rejected' }
      switch (message) {
        case 'BootNotification':
          return { status: 'Accepted', after: () => charger.bootAgain() }
        case 'DiagnosticsStatusNotification':
        case 'FirmwareStatusNotification':
          return { status: 'Accepted', after: () => charger.transfers.tellStatus(message) }
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
