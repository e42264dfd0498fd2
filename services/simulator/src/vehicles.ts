import type { Vehicle } from './charging-curve.ts'

/** The cars that come to the fleet: common shapes, no particular model. */
export const vehicles: readonly Vehicle[] = [
  {
    name: 'city car',
    batteryWh: 36_000,
    ac: { phases: 1, maxAmperes: 32 },
    dc: { maxWatts: 40_000, volts: [310, 390], taperFromPercent: 55 },
  },
  {
    name: 'compact',
    batteryWh: 58_000,
    ac: { phases: 3, maxAmperes: 16 },
    dc: { maxWatts: 120_000, volts: [330, 410], taperFromPercent: 40 },
  },
  {
    name: 'saloon',
    batteryWh: 77_000,
    ac: { phases: 3, maxAmperes: 16 },
    dc: { maxWatts: 170_000, volts: [340, 420], taperFromPercent: 35 },
  },
  {
    name: '800 volt saloon',
    batteryWh: 84_000,
    ac: { phases: 3, maxAmperes: 16 },
    dc: { maxWatts: 240_000, volts: [620, 800], taperFromPercent: 55 },
  },
  {
    name: 'van',
    batteryWh: 100_000,
    ac: { phases: 3, maxAmperes: 32 },
    dc: { maxWatts: 110_000, volts: [330, 410], taperFromPercent: 60 },
  },
  {
    name: 'plug-in hybrid',
    batteryWh: 14_000,
    ac: { phases: 1, maxAmperes: 16 },
    dc: { maxWatts: 20_000, volts: [300, 380], taperFromPercent: 50 },
  },
]
