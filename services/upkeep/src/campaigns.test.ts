import { cancelCampaign, createCampaign, pauseCampaign, resumeCampaign } from '@voltrail/domain/campaign'
import { fileService, readFileAddresses } from '@voltrail/domain/device/file-addresses'
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

  it.each(['Preparing', 'SuspendedEV', 'Reserved'] as const)(
    'leaves one alone whose connector is %s, until it is free',
    async (status) => {
      const { connectAll, decide, terms, wait, state, asked, status: tell } = fleet()
      await connectAll()
      await tell('CP3', status)
      await decide((s) => createCampaign(terms(), s))
      await wait(20)
      expect(asked.toSorted()).toEqual(names.filter((name) => name !== 'CP3'))
      await tell('CP3', 'Available')
      await wait(3)
      expect((await state()).phase).toBe('completed')
      expect(asked).toContain('CP3')
    },
  )

  it('does not wait for ever for a driver who plugged in and never began', async () => {
    const { connectAll, decide, terms, wait, state, status } = fleet()
    await connectAll()
    await status('CP3', 'Preparing')
    await decide((s) => createCampaign(terms(), s))
    await wait(35)
    expect((await state()).phase).toBe('completed')
  })

  it('gives a charger another turn that had gone when it was its turn, and counts no failure', async () => {
    const { connectAll, decide, terms, wait, state, outcome, gone, asked } = fleet()
    gone.add('CP0')
    await connectAll()
    await decide((s) => createCampaign(terms({ stopAfterFailures: 1 }), s))
    const turns = () => asked.filter((name) => name === 'CP0').length
    await wait(8)
    expect([turns(), await outcome('CP0')]).toEqual([1, 'waiting'])
    await wait(4)
    expect(turns()).toBe(2)
    gone.clear()
    await wait(15)
    expect([turns(), await outcome('CP0'), (await state()).phase]).toEqual([3, 'Done', 'completed'])
  })

  it('gives it no more than five turns, also after a restart between them', async () => {
    const { connectAll, decide, terms, wait, restart, outcome, detail, gone, asked } = fleet()
    gone.add('CP0')
    await connectAll()
    await decide((s) => createCampaign(terms(), s))
    for (let i = 0; i < 12; i++) {
      await wait(10)
      await restart()
    }
    expect(asked.filter((name) => name === 'CP0')).toHaveLength(5)
    expect([await outcome('CP0'), await detail('CP0')]).toEqual([
      'Failed',
      'the charger was not connected, 5 times when it was its turn',
    ])
  })

  it('fails a charger that it can name no location for, and goes on', async () => {
    const house = openFleet([outcomes, transfers, campaigns({ files: undefined })], ['CP0', 'CP1'])
    await house.connectAll()
    await house.decide((s) =>
      createCampaign(house.terms({ firmware: { image: 'fw.bin', version: '2.0' }, stopAfterFailures: 5 }), s),
    )
    await house.wait(1)
    expect([await house.outcome('CP0'), await house.detail('CP1')]).toEqual(['Failed', 'no file service is set up'])
    expect((await house.state()).phase).toBe('completed')
  })

  it('fails a charger whose location can no more be made after it was taken', async () => {
    const files = fileService(readFileAddresses('http://files.example.com'), 'ab'.repeat(32))
    const house = openFleet([outcomes, transfers, campaigns({ files })], ['CP0', 'CP1'])
    await house.connectAll()
    house.setAway(true)
    await house.decide((s) => createCampaign(house.terms({ firmware: { image: 'fw.bin', version: '2.0' } }), s))
    expect(await house.outcome('CP0')).toBe('taken')
    await house.restart([outcomes, transfers, campaigns({ files: undefined })])
    house.setAway(false)
    await house.wait(1)
    expect([await house.outcome('CP0'), await house.detail('CP0')]).toEqual(['Failed', 'no file service is set up'])
    expect((await house.state()).phase).toBe('completed')
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
