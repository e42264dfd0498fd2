import type { Brand, Measurand } from './brands.ts'
import type { Flow } from './charging-curve.ts'
import { writeNumber, writeTimestamp } from './dialect.ts'
import type { Payload } from './payload.ts'

/** What a connector's instruments show at one moment. */
export type Reading = {
  readonly at: Date
  readonly registerWh: number
  readonly flow: Flow
  /** What charging profiles leave: A per phase (AC) or W (DC); undefined = all that it can give. */
  readonly offered?: number | undefined
  readonly socPercent: number
  readonly celsius: number
}

export type ReadingContext = 'Sample.Periodic' | 'Transaction.Begin' | 'Transaction.End' | 'Trigger'

const phaseNames = ['L1', 'L2', 'L3'] as const

/** One `meterValue` (OCPP 1.6 §7.33) in the brand's dialect, with the measurands that are asked for and that it can measure. */
export function meterValue(
  brand: Brand,
  reading: Reading,
  context: ReadingContext,
  measurands: readonly string[],
): Payload {
  return {
    timestamp: writeTimestamp(brand.dialect, reading.at),
    sampledValue: brand.measurands
      .filter((measurand) => measurands.includes(measurand))
      .flatMap((measurand) => samples(brand, measurand, reading))
      .map((sample) => ({ ...sample, context })),
  }
}

function samples(
  brand: Brand,
  measurand: Measurand,
  { registerWh, flow, offered, socPercent, celsius }: Reading,
): Payload[] {
  const { dialect, supply } = brand
  const outlet = { measurand, location: 'Outlet' }
  const write = (value: number, decimals: number) => writeNumber(dialect, value, decimals)
  const perPhase = (value: number, unit: string, suffix: '' | '-N') =>
    supply.kind === 'DC'
      ? [{ ...outlet, value: write(value, 1), unit }]
      : phaseNames.slice(0, flow.phases).map((phase) => ({
          ...outlet,
          value: write(value, 1),
          unit,
          phase: `${phase}${suffix}`,
        }))
  switch (measurand) {
    case 'Energy.Active.Import.Register':
      return dialect.energyUnit === 'kWh'
        ? [{ ...outlet, value: write(registerWh / 1000, 3), unit: 'kWh' }]
        : [{ ...outlet, value: write(Math.floor(registerWh), 0), unit: 'Wh' }]
    case 'Power.Active.Import':
      return [{ ...outlet, value: write(flow.watts, 0), unit: 'W' }]
    case 'Current.Import':
      return perPhase(flow.amperes, 'A', '')
    case 'Current.Offered':
      // only AC brands measure it, so what is offered is in A
      return [{ ...outlet, value: write(Math.min(supply.maxAmperes, offered ?? Infinity), 0), unit: 'A' }]
    case 'Voltage':
      return perPhase(flow.volts, 'V', '-N')
    case 'SoC':
      return [{ measurand, location: 'EV', value: write(socPercent, 0), unit: 'Percent' }]
    case 'Temperature':
      return [{ measurand, location: 'Body', value: write(celsius, 1), unit: 'Celsius' }]
  }
}
