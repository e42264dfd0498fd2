import { CommandId } from '@voltrail/contracts/ids'
import { instant } from '@voltrail/contracts/quantities'
import { openHouse } from './fixtures/duty-house.ts'
import { outcomes } from './outcomes.ts'
import { transfers } from './transfers.ts'

const start = Date.UTC(2026, 0, 31, 12)
const minutes = (count: number) => instant(start + count * 60_000)
const house = () => {
  const opened = openHouse([outcomes, transfers])
  return {
    ...opened,
    begin: (kind: 'Firmware' | 'DiagnosticsLog', more: object = {}) =>
      opened.onDevice({
        type: 'TransferBegun',
        data: { requestId: 41, kind, begunAt: minutes(0), expiresAt: minutes(120), ...more },
      }),
    firmwareStatus: (status: string) =>
      opened.onDevice({ type: 'FirmwareStatusReported', data: { requestId: 41, status } }),
    send: (type: 'GetLog' | 'UpdateFirmware') =>
      opened.told({
        type: 'CommandRequested',
        data: {
          commandId: CommandId.parse('c1'),
          deadline: minutes(1),
          command:
            type === 'GetLog'
              ? { type, requestId: 41, log: 'DiagnosticsLog', location: 'ftp://files/' }
              : { type, requestId: 41, location: 'ftp://files/fw.bin', retrieveAt: minutes(0) },
        },
      }),
    ends: async () => (await opened.state()).endedTransfers ?? [],
  }
}

describe('a file transfer that upkeep follows', () => {
  it('of firmware is done at the boot with the wanted version, also when the boot comes before its last status', async () => {
    const { boot, begin, send, firmwareStatus, ends, asked } = house()
    await boot('1.0')
    await begin('Firmware', { targetVersion: '2.0', versionBefore: '1.0' })
    await send('UpdateFirmware')
    await firmwareStatus('Installing')
    await boot('1.0')
    expect(await ends()).toEqual([])
    await boot('2.0')
    expect(await ends()).toMatchObject([{ outcome: 'Done', firmwareVersion: '2.0' }])
    expect(asked).toEqual([])
  })

  it('of firmware is done when the charger boots while the boot before is still looked at', async () => {
    const { boot, begin, meanwhile, ends } = house()
    await boot('1.0')
    await meanwhile(() => begin('Firmware', { targetVersion: '2.0', versionBefore: '1.0' }), {
      type: 'ChargerBooted',
      data: { vendor: 'Acme', model: 'X', firmwareVersion: '2.0', registration: 'Accepted', intervalSeconds: 300 },
    })
    expect(await ends()).toMatchObject([{ outcome: 'Done', firmwareVersion: '2.0' }])
  })

  it('of firmware fails when it was Installed and the next boots still report the old version', async () => {
    const { boot, begin, send, firmwareStatus, wait, ends } = house()
    await boot('1.0')
    await begin('Firmware', { targetVersion: '2.0', versionBefore: '1.0' })
    await send('UpdateFirmware')
    await firmwareStatus('Installed')
    await boot('1.0')
    await wait(14)
    expect(await ends()).toEqual([])
    await wait(2)
    expect(await ends()).toMatchObject([{ outcome: 'Failed', detail: expect.stringContaining('it reports 1.0') }])
  })

  it('expires when the charger never says how it goes, and nothing is asked again', async () => {
    const { begin, send, wait, ends, asked } = house()
    await begin('Firmware')
    await send('UpdateFirmware')
    await wait(119)
    expect(await ends()).toEqual([])
    await wait(2)
    expect(await ends()).toMatchObject([{ outcome: 'Expired' }])
    expect(asked).toEqual([])
  })

  it('whose command was never even asked fails soon', async () => {
    const { begin, wait, ends } = house()
    await begin('DiagnosticsLog')
    await wait(3)
    expect(await ends()).toMatchObject([{ outcome: 'Unsent', detail: 'it was never sent to the charger' }])
  })

  it('fails at once when the charger is not connected', async () => {
    const { begin, send, told, ends } = house()
    await begin('DiagnosticsLog')
    await send('GetLog')
    await told({ type: 'CommandOffline', data: { commandId: CommandId.parse('c1') } })
    expect(await ends()).toMatchObject([{ outcome: 'Unsent', detail: 'the charger was not connected' }])
  })

  it('is refused by what the charger answers', async () => {
    const { begin, send, told, ends } = house()
    await begin('DiagnosticsLog')
    await send('GetLog')
    await told({
      type: 'CommandSettled',
      data: {
        commandId: CommandId.parse('c1'),
        result: { outcome: 'callError', code: 'NotSupported', description: 'no diagnostics' },
        late: false,
        frames: {},
      },
    })
    expect(await ends()).toMatchObject([{ outcome: 'Refused', detail: 'NotSupported: no diagnostics' }])
  })
})
