import type { FirmwareImageEvent } from '@voltrail/contracts/events/registry'
import { given } from './fixtures/given.ts'
import { addFirmwareImage, firmwareImage, removeFirmwareImage, unfitFor } from './firmware-image.ts'

const image = { version: '2.0', vendor: 'Acme', bytes: 10, sha256: 'a'.repeat(64), object: 'firmware/default/x/1' }
const added = (more: object = {}): FirmwareImageEvent => ({ type: 'FirmwareImageAdded', data: { ...image, ...more } })
const removed: FirmwareImageEvent = { type: 'FirmwareImageRemoved', data: { object: image.object } }

describe('a firmware image', () => {
  it.each([
    [{}, { vendor: 'Other' }, undefined],
    [{ vendor: 'Acme', model: 'One' }, { vendor: ' ACME', model: 'one' }, undefined],
    [{ vendor: 'Acme', model: 'One' }, { vendor: 'Acme', model: 'Two' }, 'of another make'],
    [{ model: 'One' }, { vendor: 'Other', model: 'One' }, undefined],
    [{ vendor: 'Acme' }, {}, 'of a make that is not known yet'],
  ])('for %j is for a charger %j unless: %j', (make, charger, why) => expect(unfitFor(make, charger)).toBe(why))

  it('is added once under its name', () =>
    given(firmwareImage)
      .when((state) => addFirmwareImage(image, state))
      .then(added()))
  it('that is uploaded again as it is stays the one that it was', () =>
    given(firmwareImage, added())
      .when((state) => addFirmwareImage({ ...image, object: 'firmware/default/x/2' }, state))
      .thenNothing())
  it.each([{ sha256: 'b'.repeat(64) }, { version: '2.1' }, { signature: 'other' }])(
    'keeps its name from another (%j)',
    (more) =>
      given(firmwareImage, added())
        .when((state) => addFirmwareImage({ ...image, ...more }, state))
        .thenRejected({ kind: 'name-taken' }),
  )
  it('leaves its name free once it is removed', () =>
    given(firmwareImage, added(), removed)
      .when((state) => addFirmwareImage({ ...image, sha256: 'b'.repeat(64) }, state))
      .then(added({ sha256: 'b'.repeat(64) })))
  it('is not removed by a late request for an earlier one', () =>
    given(firmwareImage, added({ object: 'firmware/default/x/2' }))
      .when((state) => removeFirmwareImage({ object: image.object }, state))
      .thenNothing())
})
