import type { MeterSample, SampledValue } from '@voltrail/contracts/facts'
import { rawText } from '../notes.ts'
import { numberOrWithheld } from '../private-fields.ts'
import { rulesInForce } from '../quirks.ts'
import { decimalInForce } from '../reading-in-force.ts'
import { chargerTime } from './charger-time.ts'
import { optionalText, text } from './fields.ts'
import type { Desk, Fields } from './inbound-message.ts'
import { withPhaseSums } from './phase-sum.ts'

/** OCPP 1.6 §7.33: the measurand of a value that names none. */
const defaultMeasurand = 'Energy.Active.Import.Register'

/** The unit of a measurand that comes without one, by the beginning of its name. Only energy has a default in §7.45. */
const defaultUnits: readonly (readonly [beginning: string, unit: string])[] = [
  ['Energy.Active', 'Wh'],
  ['Energy.Reactive', 'varh'],
  ['Power.Active', 'W'],
  ['Power.Offered', 'W'],
  ['Power.Reactive', 'var'],
  ['Current.', 'A'],
  ['Voltage', 'V'],
  ['Temperature', 'Celsius'],
  ['SoC', 'Percent'],
]

/** 1.6's own spelling, and that of the other versions. */
const units: ReadonlyMap<string, string> = new Map(
  [
    'Wh',
    'kWh',
    'varh',
    'kvarh',
    'W',
    'kW',
    'VA',
    'kVA',
    'var',
    'kvar',
    'A',
    'V',
    'K',
    'Celsius',
    'Fahrenheit',
    'Percent',
    'Hz',
  ].map((unit) => [unit.toLowerCase(), unit]),
)
  .set('celcius', 'Celsius')
  .set('°c', 'Celsius')
  .set('%', 'Percent')

/** The meter values of a message: `path` is where the list stands. */
export const meterSamples = (list: unknown, path: string, desk: Desk): MeterSample[] =>
  (Array.isArray(list) ? (list as Fields[]) : []).map((sample, i) => {
    const at = `${path}/${i}`
    const values = Array.isArray(sample['sampledValue']) ? (sample['sampledValue'] as Fields[]) : []
    return {
      time: chargerTime(text(sample, 'timestamp') ?? '', `${at}/timestamp`, desk),
      values: withPhaseSums(
        values.map((value, k) => sampledValue(value, `${at}/sampledValue/${k}`, desk)),
        `${at}/sampledValue`,
        desk,
      ),
    }
  })

const sampledValue = (sampled: Fields, path: string, desk: Desk): SampledValue => {
  const measurand = text(sampled, 'measurand') ?? defaultMeasurand
  const raw = text(sampled, 'value') ?? ''
  const more = {
    ...optionalText(sampled, 'context', 'context'),
    ...optionalText(sampled, 'phase', 'phase'),
    ...optionalText(sampled, 'location', 'location'),
  }
  const unmarked = sampled['format'] !== 'SignedData' && raw.startsWith('OCMF|')
  if (unmarked) desk.notes.add('Q23-signed-unmarked', `${path}/format`, () => rawText(sampled['format']))
  if (sampled['format'] === 'SignedData' || unmarked) {
    return { measurand, signed: raw, ...unitOf(sampled, undefined, path, desk), ...more }
  }
  const { value, unit, rules } = decimalInForce(raw, desk.context)
  for (const rule of rules) desk.notes.add(rule, `${path}/value`, () => numberOrWithheld(raw))
  // the meter wrote it beside its number: that says more than a field of its own, or than what is usual
  const written = unit === undefined ? undefined : (units.get(unit.toLowerCase()) ?? unit)
  return {
    measurand,
    ...(value !== undefined && { value }),
    ...(written === undefined ? unitOf(sampled, measurand, path, desk) : { unit: written }),
    ...more,
  }
}

/** @param measurand undefined for signed records, which carry their unit inside */
const unitOf = (sampled: Fields, measurand: string | undefined, path: string, desk: Desk): { unit?: string } => {
  const raw = text(sampled, 'unit')
  if (raw !== undefined && raw !== '') {
    const known = rulesInForce(desk.context).has('Q23-unit-case') ? units.get(raw.trim().toLowerCase()) : undefined
    const unit = known ?? (raw === 'Celcius' ? 'Celsius' : raw)
    if (unit !== raw && raw !== 'Celcius') desk.notes.add('Q23-unit-case', `${path}/unit`, () => rawText(raw))
    return { unit }
  }
  if (measurand === undefined) return {}
  const unit = defaultUnits.find(([beginning]) => measurand.startsWith(beginning))?.[1]
  if (unit === undefined) return {}
  // for energy the standard itself has this default
  if (raw === '' || !measurand.startsWith('Energy.Active')) {
    if (!rulesInForce(desk.context).has('Q19-unit-missing')) return {}
    desk.notes.add('Q19-unit-missing', `${path}/unit`, () => rawText(raw))
  }
  return { unit }
}
