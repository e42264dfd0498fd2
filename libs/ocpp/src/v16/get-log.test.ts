import { said, settled } from './reading.fixture.ts'

describe('GetLog', () => {
  const span = { from: '2026-01-30T00:00:00.000Z', until: '2026-01-31T00:00:00.000Z' }
  const command = { type: 'GetLog', requestId: 4, location: 'ftp://files.example/in' }

  it('is GetDiagnostics for the diagnostics that every charger has', () => {
    expect(said({ ...command, log: 'DiagnosticsLog', ...span, retries: 2, retryIntervalSeconds: 30 })).toEqual({
      action: 'GetDiagnostics',
      payload: {
        location: 'ftp://files.example/in',
        retries: 2,
        retryInterval: 30,
        startTime: '2026-01-30T00:00:00.000Z',
        stopTime: '2026-01-31T00:00:00.000Z',
      },
    })
  })

  it('is GetLog for the security log', () => {
    expect(said({ ...command, log: 'SecurityLog', ...span, retries: 2 })).toEqual({
      action: 'GetLog',
      payload: {
        logType: 'SecurityLog',
        requestId: 4,
        retries: 2,
        log: {
          remoteLocation: 'ftp://files.example/in',
          oldestTimestamp: '2026-01-30T00:00:00.000Z',
          latestTimestamp: '2026-01-31T00:00:00.000Z',
        },
      },
    })
  })

  it('is answered with the file name that will come, if there is anything to send', () => {
    expect(settled({ ...command, log: 'DiagnosticsLog' }, { fileName: 'd.zip' })).toEqual({
      outcome: 'result',
      status: 'Accepted',
      payload: { fileName: 'd.zip' },
    })
    expect(settled({ ...command, log: 'DiagnosticsLog' }, {})).toHaveProperty('outcome', 'result')
    for (const status of ['Accepted', 'Rejected', 'AcceptedCanceled'])
      expect(settled({ ...command, log: 'SecurityLog' }, { status, filename: 's.log' })).toMatchObject({
        outcome: 'result',
        status,
      })
  })
})
