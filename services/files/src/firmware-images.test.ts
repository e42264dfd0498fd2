import { ImageName, TenantId } from '@voltrail/contracts/ids'
import { firmwareStream } from '@voltrail/contracts/streams'
import type { LogEvent } from '@voltrail/event-store/event-log'
import { createFirmwareImages, type FirmwareImages } from './firmware-images.ts'

const tenant = TenantId.parse('default')
const other = TenantId.parse('other')
const stream = firmwareStream(tenant, ImageName.parse('one.bin'))
const image = { version: '1', object: 'firmware/default/one.bin/1', bytes: 3, sha256: 'a'.repeat(64) }

describe('firmware images', () => {
  let images: FirmwareImages
  const told = (event: object) => images.hear(event as LogEvent)
  const campaign = (id: string, firmware: object) =>
    told({ stream: `campaign-default.${id}`, type: 'CampaignCreated', data: { campaignId: id, firmware } })
  beforeEach(() => {
    images = createFirmwareImages()
  })

  it('are found by their name in their tenant from when they were added until they are removed', () => {
    expect(images.find(tenant, 'one.bin')).toBeUndefined()
    told({ stream, type: 'FirmwareImageAdded', data: image })
    expect(images.find(tenant, 'one.bin')).toEqual(image)
    expect([images.find(other, 'one.bin'), images.find(tenant, 'two.bin')]).toEqual([undefined, undefined])
    told({ stream, type: 'FirmwareImageRemoved', data: {} })
    expect(images.find(tenant, 'one.bin')).toBeUndefined()
  })
  it('may come again under a name that was removed', () => {
    for (const object of ['first', 'second']) {
      told({ stream, type: 'FirmwareImageAdded', data: { ...image, object } })
      expect(images.find(tenant, 'one.bin')?.object).toBe(object)
      told({ stream, type: 'FirmwareImageRemoved', data: {} })
    }
  })
  it('are in use by the campaigns that roll them out, until these end', () => {
    campaign('c-1', { version: '1', image: 'one.bin' })
    campaign('c-2', { version: '1', image: 'one.bin' })
    campaign('c-3', { version: '1', image: 'two.bin' })
    campaign('c-4', { version: '1', location: 'http://files.example/one.bin' })
    expect(images.campaignsWith(tenant, 'one.bin')).toEqual(['c-1', 'c-2'])
    expect(images.campaignsWith(other, 'one.bin')).toEqual([])
    told({ stream: 'campaign-default.c-1', type: 'CampaignCompleted', data: {} })
    told({ stream: 'campaign-default.c-3', type: 'CampaignCancelled', data: {} })
    expect([images.campaignsWith(tenant, 'one.bin'), images.campaignsWith(tenant, 'two.bin')]).toEqual([['c-2'], []])
  })
  it('are not touched by events of other streams', () => {
    told({ stream: 'device-default.CP1', type: 'FirmwareImageAdded', data: image })
    told({ stream: 'nonsense', type: 'FirmwareImageAdded', data: image })
    expect(images.find(tenant, 'one.bin')).toBeUndefined()
  })
})
