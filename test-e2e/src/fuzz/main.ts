import { parseArgs } from 'node:util'
import { runFuzz } from './fuzz-run.ts'
import { hostileBlock, blockSize } from './hostile-frames.ts'

const help = `Sends broken and hostile frames to the product while honest chargers charge, and checks what came of both.

  npm run fuzz                             100,000 frames, ten a second from each socket: five minutes and a half
  npm run fuzz -- --frames 1000000 --seed S --chargers H --sockets K
  npm run fuzz -- --seed S --show INDEX    prints one frame of a seed
Exit 1: a process ended, an event came of a bad frame, a frame was owed an answer, or honest chargers waited more than twice as long.`

/** How much longer honest chargers may wait beside hostile ones. */
const mostSlower = 2

const whole = (name: string, text: string): number => {
  const number = Number(text)
  if (Number.isInteger(number) && number > 0) return number
  process.stderr.write(`--${name} is a whole number above 0, not "${text}"\n`)
  return process.exit(2)
}

const run = async (): Promise<boolean> => {
  const { values } = parseArgs({
    options: {
      frames: { type: 'string', default: '100000' },
      seed: { type: 'string', default: 'voltrail' },
      chargers: { type: 'string', default: '8' },
      sockets: { type: 'string', default: '32' },
      show: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return process.stdout.write(`${help}\n`)
  if (values.show !== undefined) {
    const index = Number(values.show)
    const frame = hostileBlock(values.seed, Math.floor(index / blockSize))[index % blockSize]
    return process.stdout.write(`${frame?.binary ? 'binary ' : ''}${frame?.bytes.toString('utf8')}\n`)
  }
  const began = performance.now()
  const report = await runFuzz({
    frames: whole('frames', values.frames),
    seed: values.seed,
    chargers: whole('chargers', values.chargers),
    sockets: whole('sockets', values.sockets),
    note: (line) => process.stderr.write(`${((performance.now() - began) / 1000).toFixed(1).padStart(7)} s  ${line}\n`),
  })
  const { faults, crashes, badEvents, dishonest, quietP99, duringP99 } = report
  const proof = [
    ...crashes,
    ...badEvents.map((line) => `an event of a bad frame: ${line}`),
    ...dishonest.map((line) => `an honest charger: ${line}`),
    ...faults.map(({ what, index, base64 }) => `seed ${values.seed} frame ${index}: ${what}: ${base64.slice(0, 400)}`),
  ]
  if (proof.length > 0) process.stdout.write(`${proof.slice(0, 50).join('\n')}\n`)
  const ratio = duringP99 / quietP99
  const slow = ratio > mostSlower
  if (slow)
    process.stdout.write(
      `failed: the p99 of honest chargers was ${ratio.toFixed(2)} x of what it is alone, at most ${mostSlower} x is allowed. A machine that does something else too makes it worse.\n`,
    )
  process.stdout.write(
    `seed ${values.seed}, ${report.events} events of frames that were good, sockets closed by code ${JSON.stringify(report.closes)}, faults ${faults.length}\n` +
      `frames ${report.frames}, crashes ${crashes.length}, events from bad frames ${badEvents.length}, honest p99 before ${quietP99.toFixed(1)} ms, during ${duringP99.toFixed(1)} ms (${ratio.toFixed(2)} x)\n`,
  )
  return proof.length === 0 && !slow
}

run().then(
  (well) => process.exit(well ? 0 : 1),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
    process.exit(1)
  },
)
