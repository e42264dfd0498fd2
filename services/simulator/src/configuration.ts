import type { Brand } from './brands.ts'
import { profileLimits } from './charging-profiles.ts'
import { transferProtocols } from './file-transfer.ts'
import { listLimits } from './local-list.ts'

type Key = {
  readonly value: string
  readonly readonly?: true
  /** Never shown by GetConfiguration. */
  readonly secret?: true
  readonly accepts?: (value: string) => boolean
}

export type ConfigurationStatus = 'Accepted' | 'Rejected' | 'NotSupported'
export type ShownKey = { readonly key: string; readonly readonly: boolean; readonly value: string }

const wholeNumber = (min: number, max: number) => (value: string) =>
  /^\d{1,9}$/.test(value) && Number(value) >= min && Number(value) <= max
const flag = (value: string) => /^(true|false)$/i.test(value)

/** The keys of OCPP 1.6 §9 that this charger has, with their values at delivery. */
function keysOf(brand: Brand, overrides: Readonly<Record<string, string>>): Map<string, Key> {
  const measurandList = (value: string) =>
    value.split(',').every((measurand) => (brand.measurands as readonly string[]).includes(measurand.trim()))
  const keys: Readonly<Record<string, Key>> = {
    AllowOfflineTxForUnknownId: { value: String(brand.offlineStop === 'minus-one'), accepts: flag },
    AuthorizationCacheEnabled: { value: 'true', accepts: flag },
    AuthorizationKey: { value: '', secret: true, accepts: (value) => /^[\x21-\x7e]{8,40}$/.test(value) },
    AuthorizeRemoteTxRequests: { value: 'false', accepts: flag },
    ChargeProfileMaxStackLevel: { value: String(profileLimits.stackLevel), readonly: true },
    ChargingScheduleAllowedChargingRateUnit: { value: 'Current,Power', readonly: true },
    ChargingScheduleMaxPeriods: { value: String(profileLimits.periods), readonly: true },
    ClockAlignedDataInterval: { value: '0', readonly: true },
    ConnectionTimeOut: { value: '60', accepts: wholeNumber(5, 3_600) },
    ConnectorPhaseRotation: { value: 'NotApplicable', readonly: true },
    GetConfigurationMaxKeys: { value: '50', readonly: true },
    HeartbeatInterval: { value: '300', accepts: wholeNumber(1, 86_400) },
    LocalAuthListEnabled: { value: 'true', accepts: flag },
    LocalAuthListMaxLength: { value: String(listLimits.entries), readonly: true },
    LocalAuthorizeOffline: { value: 'true', accepts: flag },
    LocalPreAuthorize: { value: 'false', accepts: flag },
    MaxChargingProfilesInstalled: { value: String(profileLimits.installed), readonly: true },
    MeterValueSampleInterval: { value: String(brand.sampleSeconds), accepts: wholeNumber(0, 86_400) },
    MeterValuesAlignedData: { value: 'Energy.Active.Import.Register', readonly: true },
    MeterValuesSampledData: { value: brand.measurands.join(','), accepts: measurandList },
    NumberOfConnectors: { value: String(brand.connectors), readonly: true },
    ReserveConnectorZeroSupported: { value: 'false', readonly: true },
    ResetRetries: { value: '3', accepts: wholeNumber(0, 10) },
    SendLocalListMaxLength: { value: String(listLimits.perMessage), readonly: true },
    StopTransactionOnEVSideDisconnect: { value: 'true', readonly: true },
    StopTransactionOnInvalidId: { value: 'true', accepts: flag },
    StopTxnAlignedData: { value: '', readonly: true },
    StopTxnSampledData: {
      value: 'Energy.Active.Import.Register',
      accepts: (value) => value === '' || measurandList(value),
    },
    SupportedFeatureProfiles: {
      value: 'Core,FirmwareManagement,LocalAuthListManagement,Reservation,SmartCharging,RemoteTrigger',
      readonly: true,
    },
    SupportedFileTransferProtocols: { value: transferProtocols.join(','), readonly: true },
    TransactionMessageAttempts: { value: String(brand.retry.attempts), accepts: wholeNumber(1, 1_000) },
    TransactionMessageRetryInterval: { value: String(brand.retry.intervalSeconds), accepts: wholeNumber(0, 3_600) },
    UnlockConnectorOnEVSideDisconnect: { value: 'true', readonly: true },
    WebSocketPingInterval: { value: String(brand.liveness.pingSeconds), accepts: wholeNumber(0, 3_600) },
  }
  return new Map(Object.entries(keys).map(([key, value]) => [key, { ...value, value: overrides[key] ?? value.value }]))
}

/** A charger's configuration keys: kept over restarts. Names are compared without regard to case, as OCPP 1.6 wants it. */
export class Configuration {
  readonly #keys: Map<string, Key>

  /** `overrides`: values at delivery that differ from the brand's. */
  constructor(brand: Brand, overrides: Readonly<Record<string, string>> = {}) {
    this.#keys = keysOf(brand, overrides)
  }

  text(key: string): string {
    const found = this.#keys.get(key)
    if (!found) throw new Error(`no configuration key ${key}`)
    return found.value
  }

  number(key: string): number {
    return Number(this.text(key))
  }

  flag(key: string): boolean {
    return this.text(key).toLowerCase() === 'true'
  }

  list(key: string): string[] {
    return this.text(key)
      .split(',')
      .map((item) => item.trim())
  }

  /** ChangeConfiguration, OCPP 1.6 §5.3. */
  change(key: string, value: string): ConfigurationStatus {
    const name = this.#find(key)
    const found = name === undefined ? undefined : this.#keys.get(name)
    if (name === undefined || !found) return 'NotSupported'
    if (found.readonly || !found.accepts?.(value)) return 'Rejected'
    this.#keys.set(name, { ...found, value })
    return 'Accepted'
  }

  /** GetConfiguration, OCPP 1.6 §5.8: all keys, or the named ones. */
  show(names?: readonly string[]): { readonly configurationKey: ShownKey[]; readonly unknownKey: string[] } {
    const configurationKey: ShownKey[] = []
    const unknownKey: string[] = []
    for (const asked of names && names.length > 0 ? names : this.#keys.keys()) {
      const name = this.#find(asked)
      const found = name === undefined ? undefined : this.#keys.get(name)
      if (name === undefined || !found) unknownKey.push(asked)
      else
        configurationKey.push({ key: name, readonly: found.readonly ?? false, value: found.secret ? '' : found.value })
    }
    return { configurationKey, unknownKey }
  }

  #find(key: string): string | undefined {
    if (this.#keys.has(key)) return key
    return [...this.#keys.keys()].find((known) => known.toLowerCase() === key.toLowerCase())
  }
}
