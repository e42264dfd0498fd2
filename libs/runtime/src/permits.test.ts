import { setTimeout as wait } from 'node:timers/promises'
import { createPermits } from './permits.ts'

const gate = () => {
  let open = (): void => {}
  const opened = new Promise<void>((resolve) => (open = resolve))
  return { open, opened }
}

describe('permits', () => {
  it('let so many tasks run at a time, the others in the order they came, whatever becomes of one', async () => {
    const permits = createPermits(2)
    const begun: number[] = []
    const gates = Array.from({ length: 4 }, gate)
    const runs = gates.map(({ opened }, n) =>
      permits.run(async () => {
        begun.push(n)
        await opened
        if (n === 0) throw new Error('no')
        return n
      }),
    )
    await wait(1)
    expect(begun).toEqual([0, 1])
    gates[0]?.open()
    await expect(runs[0]).rejects.toThrow('no')
    await wait(1)
    expect(begun).toEqual([0, 1, 2])
    for (const { open } of gates) open()
    expect(await Promise.all(runs.slice(1))).toEqual([1, 2, 3])
  })

  it('are not waited for longer than told, and one that gave up takes none away', async () => {
    const permits = createPermits(1)
    const { open, opened } = gate()
    const holder = permits.run(() => opened)
    let begun = false
    const late = await permits.runWithin(10, async () => {
      begun = true
    })
    expect([late, begun]).toEqual([undefined, false])
    const patient = permits.runWithin(10_000, async () => 'in time')
    open()
    await holder
    expect(await patient).toBe('in time')
    expect(await permits.runWithin(0, async () => 'at once')).toBe('at once')
  })
})
