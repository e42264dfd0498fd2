import type { FirmwareImage } from '@voltrail/contracts/events/firmware-image'
import type { CampaignId, ImageName, TenantId } from '@voltrail/contracts/ids'
import { parseStream } from '@voltrail/contracts/streams'
import type { LogEvent } from '@voltrail/event-store/event-log'

/** What the log says of firmware images: which there are, and which campaigns have still to fetch them. */
export interface FirmwareImages {
  hear(event: LogEvent): void
  /** what lies behind the name that a location ends in */
  find(tenant: TenantId, name: string): FirmwareImage | undefined
  /** campaigns that have not ended and roll it out */
  campaignsWith(tenant: TenantId, name: string): readonly CampaignId[]
}

export const createFirmwareImages = (): FirmwareImages => {
  const images = new Map<string, FirmwareImage>()
  const campaigns = new Map<
    string,
    { readonly campaignId: CampaignId; readonly tenant: TenantId; readonly image: string }
  >()
  const keyOf = (tenant: TenantId, name: string) => `${tenant} ${name}`

  return {
    find: (tenant, name) => images.get(keyOf(tenant, name)),
    campaignsWith: (tenant, name) =>
      [...campaigns.values()]
        .filter((one) => one.tenant === tenant && one.image === name)
        .map(({ campaignId }) => campaignId),
    hear(event) {
      const address = parseStream(event.stream)
      if (address?.category === 'firmware') {
        const key = keyOf(address.tenant, address.image satisfies ImageName)
        if (event.type === 'FirmwareImageAdded') images.set(key, event.data)
        if (event.type === 'FirmwareImageRemoved') images.delete(key)
      }
      if (address?.category !== 'campaign') return
      if (event.type === 'CampaignCreated') {
        const { campaignId, firmware } = event.data
        if (firmware.image !== undefined && firmware.location === undefined)
          campaigns.set(event.stream, { campaignId, tenant: address.tenant, image: firmware.image })
      }
      // what is under way goes on to its end: that is an open transfer
      if (event.type === 'CampaignCancelled' || event.type === 'CampaignCompleted') campaigns.delete(event.stream)
    },
  }
}
