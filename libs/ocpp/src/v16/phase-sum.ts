import type { SampledValue } from '@voltrail/contracts/facts'
import { rawText } from '../notes.ts'
import { rulesInForce } from '../quirks.ts'
import type { Desk } from './inbound-message.ts'

const watts: Readonly<Record<string, number>> = { W: 1, kW: 1000 }
const phaseNames = new Set(['L1', 'L2', 'L3', 'L1-N', 'L2-N', 'L3-N'])
/** meters round, and do not read all phases at one moment */
const tolerance = 0.1
const leastWatts = 100

/**
 * Total powers that are not the sum of their phases are replaced by the sum: some stacks tell the power of one phase, or an
 * average, as the total. Registers and currents are left as they are.
 * @param values of one moment
 * @param path where their list stands
 */
export const withPhaseSums = (values: SampledValue[], path: string, desk: Desk): SampledValue[] => {
  if (!rulesInForce(desk.context).has('Q22-phase-sum')) return values
  return values.map((total, i) => {
    const scale = watts[total.unit ?? '']
    if (total.measurand !== 'Power.Active.Import' || total.phase !== undefined || scale === undefined) return total
    if (total.value === undefined) return total
    const phases = values.filter(
      (one) =>
        one.measurand === total.measurand &&
        one.phase !== undefined &&
        phaseNames.has(one.phase) &&
        one.context === total.context &&
        one.location === total.location &&
        one.value !== undefined &&
        watts[one.unit ?? ''] !== undefined,
    )
    // one phase of three tells nothing about the total; a phase told twice is no sum
    if (phases.length < 2 || new Set(phases.map(({ phase }) => phase?.slice(0, 2))).size !== phases.length) return total
    const sum = phases.reduce((all, one) => all + Number(one.value) * watts[one.unit!]!, 0)
    const told = Number(total.value) * scale
    if (Math.abs(sum - told) <= Math.max(leastWatts, tolerance * Math.abs(sum))) return total
    desk.notes.add('Q22-phase-sum', `${path}/${i}/value`, () => rawText(total.value))
    return { ...total, value: String(Math.round((sum / scale) * 1000) / 1000) }
  })
}
