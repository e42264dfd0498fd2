import { setTimeout as wait } from 'node:timers/promises'
import { WebSocket } from 'ws'

interface ProfileNode {
  readonly id: number
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
  readonly children?: readonly number[]
}
interface CpuProfile {
  readonly nodes: readonly ProfileNode[]
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

/** Where the time of a process went: by function, own time and with everything it called, as shares of the samples that were not idle. */
export interface Profile {
  readonly raw: CpuProfile
  readonly rows: readonly { readonly what: string; readonly own: number; readonly total: number }[]
}

/** Watches a Node process that was not started for it: SIGUSR1 opens its inspector. @returns ends the profile */
export const startProfile = async (pid: number): Promise<() => Promise<Profile>> => {
  process.kill(pid, 'SIGUSR1')
  let address: string | undefined
  for (let i = 0; address === undefined && i < 100; i++) {
    await wait(100)
    const list = await fetch('http://127.0.0.1:9229/json')
      .then((response) => response.json() as Promise<{ webSocketDebuggerUrl: string }[]>)
      .catch(() => [])
    address = list[0]?.webSocketDebuggerUrl
  }
  if (address === undefined) throw new Error(`process ${pid} does not open its inspector on port 9229`)
  const socket = new WebSocket(address, { maxPayload: 1 << 30 })
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  let asked = 0
  const ask = <T>(method: string, params: object = {}): Promise<T> =>
    new Promise((resolve) => {
      const id = ++asked
      const heard = (data: Buffer) => {
        const message = JSON.parse(data.toString('utf8')) as { id?: number; result: T }
        if (message.id !== id) return
        socket.off('message', heard)
        resolve(message.result)
      }
      socket.on('message', heard)
      socket.send(JSON.stringify({ id, method, params }))
    })
  await ask('Profiler.enable')
  await ask('Profiler.setSamplingInterval', { interval: 500 })
  await ask('Profiler.start')
  return async () => {
    const { profile } = await ask<{ profile: CpuProfile }>('Profiler.stop')
    // the port is the same for every process: the next one waits for it
    await ask('Runtime.evaluate', { expression: 'setTimeout(() => process._debugEnd(), 100)' })
    socket.close()
    await wait(1_000)
    return { raw: profile, rows: rowsOf(profile) }
  }
}

const rowsOf = ({ nodes, samples, timeDeltas }: CpuProfile): Profile['rows'] => {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const parent = new Map(nodes.flatMap(({ id, children }) => (children ?? []).map((child) => [child, id] as const)))
  const nameOf = (id: number): string => {
    const { functionName, url, lineNumber } = (byId.get(id) as ProfileNode).callFrame
    return `${functionName || '(anonymous)'} ${url.split('/').slice(-3).join('/')}:${lineNumber + 1}`
  }
  const own = new Map<string, number>()
  const total = new Map<string, number>()
  let all = 0
  samples.forEach((id, i) => {
    const { functionName } = (byId.get(id) as ProfileNode).callFrame
    if (functionName === '(idle)' || functionName === '(program)') return
    const spent = timeDeltas[i] ?? 0
    all += spent
    own.set(nameOf(id), (own.get(nameOf(id)) ?? 0) + spent)
    const seen = new Set<string>()
    for (let at: number | undefined = id; at !== undefined; at = parent.get(at)) seen.add(nameOf(at))
    for (const name of seen) total.set(name, (total.get(name) ?? 0) + spent)
  })
  return [...total]
    .map(([what, spent]) => ({ what, own: (own.get(what) ?? 0) / all, total: spent / all }))
    .toSorted((a, b) => b.total - a.total)
}
