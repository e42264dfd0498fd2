import { cancelCampaign, createCampaign, pauseCampaign, resumeCampaign } from '@voltrail/domain/campaign'
import { campaigns } from './campaigns.ts'
import { openFleet } from './fixtures/fleet-house.ts'
import { outcomes } from './outcomes.ts'
import { transfers } from './transfers.ts'

const names = Array.from({ length: 10 }, (_, i) => `CP${i}`)
const fleet = () => openFleet([outcomes, transfers, campaigns({ files: undefined })], names)

describe('a firmware campaign that upkeep drives', () => {
  it('asks every charger once, never more at once than it says, and is complete', async () => {
    const { connectAll, decide, terms, wait, state, asked, most } = fleet()
    await connectAll()
    await decide((s) => createCampaign(terms(), s))
    expect(asked).toHaveLength(3)
    await wait(20)
    expect((await state()).phase).toBe('completed')
    expect(asked.toSorted()).toEqual(names)
    expect(most()).toBe(3)
  })

  it('completes over fewer failures than it bears', async () => {
    const { connectAll, decide, terms, wait, state, outcome, failing } = fleet()
    failing.add('CP1').add('CP5')
    await connectAll()
    await decide((s) => createCampaign(terms({ stopAfterFailures: 3 }), s))
    await wait(20)
    expect((await state()).phase).toBe('completed')
    expect([await outcome('CP1'), await outcome('CP2')]).toEqual(['Failed', 'Done'])
  })

  it('stops when as many have failed as it bears; what is under way ends, nothing more begins until it is resumed', async () => {
    const { connectAll, decide, terms, wait, state, asked, failing } = fleet()
    failing.add('CP0').add('CP1')
    await connectAll()
    await decide((s) => createCampaign(terms({ stopAfterFailures: 2 }), s))
    await wait(20)
    expect((await state()).phase).toBe('stopped')
    expect(asked.length).toBeLessThanOrEqual(4)
    await decide(resumeCampaign)
    await wait(20)
    expect((await state()).phase).toBe('completed')
    expect(asked.toSorted()).toEqual(names)
  })

  it('leaves a charging one and one that is away alone until they are idle and there', async () => {
    const { connectAll, decide, terms, wait, state, asked, charge, endCharge, disconnect } = fleet()
    await connectAll()
    await charge('CP3')
    await disconnect('CP4')
    await decide((s) => createCampaign(terms(), s))
    await wait(60)
    expect(asked.toSorted()).toEqual(names.filter((name) => name !== 'CP3' && name !== 'CP4'))
    expect((await state()).phase).toBe('running')
    await endCharge('CP3')
    await wait(3)
    expect(asked).toContain('CP3')
    expect(asked).not.toContain('CP4')
  })

  it('does not touch a charger that has the version already', async () => {
    const { connectAll, boot, decide, terms, wait, outcome, asked } = fleet()
    await connectAll()
    await boot('CP2', '2.0')
    await decide((s) => createCampaign(terms(), s))
    await wait(20)
    expect(await outcome('CP2')).toBe('Skipped')
    expect(asked).not.toContain('CP2')
  })

  it('begins nothing while it is paused, and nothing any more when it is cancelled', async () => {
    const { connectAll, decide, terms, wait, state, asked, outcome } = fleet()
    await connectAll()
    await decide((s) => createCampaign(terms(), s))
    await decide(pauseCampaign)
    await wait(10)
    expect(asked).toHaveLength(3)
    expect(await outcome('CP0')).toBe('Done')
    await decide(resumeCampaign)
    expect(asked).toHaveLength(6)
    await decide(cancelCampaign)
    await wait(20)
    expect(asked).toHaveLength(6)
    expect((await state()).phase).toBe('cancelled')
    expect(await outcome('CP5')).toBe('Done')
  })

  it('begins with chargers in its window alone', async () => {
    const { connectAll, decide, terms, wait, asked } = fleet()
    await connectAll()
    await decide((s) => createCampaign(terms({ window: { from: '13:00', until: '13:01' } }), s))
    await wait(59)
    expect(asked).toEqual([])
    await wait(1)
    expect(asked).toHaveLength(3)
    await wait(30)
    expect(asked).toHaveLength(3)
  })

  it('goes on after a restart at any point, and asks no charger twice', async () => {
    const { connectAll, decide, terms, wait, restart, state, asked, most } = fleet()
    await connectAll()
    await decide((s) => createCampaign(terms(), s))
    for (let i = 0; i < 30; i++) {
      await restart()
      await wait(1)
    }
    expect((await state()).phase).toBe('completed')
    expect(asked.toSorted()).toEqual(names)
    expect(most()).toBe(3)
  })

  it('asks as soon as central is there again, also after a restart meanwhile', async () => {
    const { connectAll, decide, terms, wait, restart, state, asked, setAway } = fleet()
    await connectAll()
    setAway(true)
    await decide((s) => createCampaign(terms(), s))
    await wait(1)
    await restart()
    expect(asked).toEqual([])
    setAway(false)
    await wait(20)
    expect((await state()).phase).toBe('completed')
    expect(asked.toSorted()).toEqual(names)
  })
})
