import type { Fields } from './inbound-message.ts'

/**
 * Messages that both versions have, as an OCPP 2.x station writes them, in the fields of OCPP 1.6: so that what came on a 1.6
 * connection is read by what it says, units included. What has no field in 1.6 is left where it stands.
 */
const rewrites: ReadonlyMap<string, (payload: Fields) => Fields> = new Map([
  [
    'BootNotification',
    ({ chargingStation, reason: _, ...rest }: Fields) => {
      const { vendorName, model, serialNumber, firmwareVersion, modem } = object(chargingStation)
      const { iccid, imsi } = object(modem)
      return {
        ...present({ chargePointVendor: vendorName, chargePointModel: model, chargePointSerialNumber: serialNumber }),
        ...present({ firmwareVersion, iccid, imsi }),
        ...rest,
      }
    },
  ],
  [
    'StatusNotification',
    ({ connectorStatus, evseId, connectorId, ...rest }: Fields) => ({
      ...present({ status: connectorStatus, connectorId: evseId ?? connectorId }),
      errorCode: 'NoError',
      ...rest,
    }),
  ],
  [
    'Authorize',
    ({ idToken, ...rest }: Fields) => ({
      ...present({ idTag: typeof idToken === 'string' ? idToken : object(idToken)['idToken'] }),
      ...rest,
    }),
  ],
  [
    'MeterValues',
    ({ evseId, meterValue, ...rest }: Fields) => ({
      ...present({ connectorId: evseId, meterValue: meterValue16(meterValue) }),
      ...rest,
    }),
  ],
])

/** OCPP 2.0.1 part 2. Gives the payload as it is when the versions do not differ in it. */
export const fromVersion2 = (action: string, payload: Fields): Fields => rewrites.get(action)?.(payload) ?? payload

/** A list of MeterValueType (OCPP 2.0.1 part 2 §2.30) in the words of 1.6; what is no list stays for the schema to refuse. */
export const meterValue16 = (list: unknown): unknown =>
  Array.isArray(list)
    ? list.map((sample: unknown) => {
        const { sampledValue, ...rest } = object(sample)
        return {
          ...rest,
          ...(Array.isArray(sampledValue) && { sampledValue: (sampledValue as unknown[]).flatMap(sampledValue16) }),
        }
      })
    : list

/** A value and its signed record are two samples in 1.6. The record stays byte for byte. */
const sampledValue16 = (sampled: unknown): Fields[] => {
  const { value, unitOfMeasure, signedMeterValue, ...rest } = object(sampled)
  const { unit, multiplier } = object(unitOfMeasure)
  const signed = object(signedMeterValue)['signedMeterData']
  return [
    ...(value === undefined ? [] : [{ ...present({ unit }), ...rest, value: scaled(value, multiplier) }]),
    ...(signed === undefined ? [] : [{ ...rest, value: signed, format: 'SignedData' }]),
  ]
}

/** A number times ten to the power of the multiplier, as decimal text with an exponent: nothing is computed. */
const scaled = (value: unknown, multiplier: unknown): unknown => {
  if (typeof value !== 'number') return value
  const [digits = '', exponent = '0'] = String(value).split('e')
  const power = Number(exponent) + (typeof multiplier === 'number' && Number.isInteger(multiplier) ? multiplier : 0)
  return power === 0 ? digits : `${digits}e${power}`
}

const object = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {}

const present = (fields: Fields): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
