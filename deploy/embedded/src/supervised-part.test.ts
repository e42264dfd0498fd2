import type { Part } from './running-part.ts'
import { supervise } from './supervised-part.ts'

/** A part that lives in this process: it runs until it is told to end, and starts as long as `startable` says so. */
function partInMemory(startable: () => boolean = () => true) {
  let pid = 0
  let end: (reason: string) => void = () => undefined
  const part: Part = {
    name: 'part',
    async start(signal, spawned) {
      signal.throwIfAborted()
      spawned((pid += 1))
      if (!startable()) throw new Error('its port is taken')
      const mine = pid
      const exited = new Promise<string>((resolve) => {
        end = resolve
      })
      return { pid: mine, exited, stop: async () => end('exit code 0') }
    },
  }
  return { part, crash: (reason: string) => end(reason) }
}

function watched(part: Part) {
  const notes: string[] = []
  const alive = new Set<number>()
  const supervised = supervise(part, {
    note: (line) => notes.push(line),
    spawned: (pid) => alive.add(pid),
    gone: (pid) => alive.delete(pid),
    firstWaitMs: 2,
  })
  return { supervised, notes, alive }
}

const start = (supervised: ReturnType<typeof supervise>) => supervised.start(new AbortController().signal)

it('starts a process again that ends without being told to, and says so', async () => {
  const { part, crash } = partInMemory()
  const { supervised, notes, alive } = watched(part)
  await start(supervised)
  expect(supervised.pid).toBe(1)
  crash('signal SIGSEGV')
  await new Promise(setImmediate)
  await supervised.ready()
  expect(supervised.pid).toBe(2)
  expect([...alive]).toEqual([2])
  await supervised.stop()
  expect(notes).toEqual(['part ended unexpectedly (signal SIGSEGV); starting it again', 'part is back'])
})

it('goes on trying when it cannot be started again at once', async () => {
  let refusals = -1
  const { part, crash } = partInMemory(() => (refusals += 1) === 0 || refusals > 2)
  const { supervised, notes, alive } = watched(part)
  await start(supervised)
  crash('exit code 1')
  await new Promise(setImmediate)
  await supervised.ready()
  expect(notes).toEqual([
    'part ended unexpectedly (exit code 1); starting it again',
    'part could not be started again: its port is taken',
    'part could not be started again: its port is taken',
    'part is back',
  ])
  expect([...alive]).toEqual([4])
  await supervised.stop()
})

it('leaves a stopped process down until it is restarted', async () => {
  const { part } = partInMemory()
  const { supervised, notes, alive } = watched(part)
  await start(supervised)
  await supervised.stop()
  expect(supervised.pid).toBeUndefined()
  expect(alive.size).toBe(0)
  await supervised.restart()
  expect(supervised.pid).toBe(2)
  await supervised.stop()
  expect(notes).toEqual([])
})

it('hands on what keeps the first start from succeeding', async () => {
  const { part } = partInMemory(() => false)
  const { supervised, alive } = watched(part)
  await expect(start(supervised)).rejects.toThrow('its port is taken')
  expect(alive.size).toBe(0)
})
