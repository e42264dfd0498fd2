import { protocol16 } from './protocol16.ts'
import { read } from './reading.fixture.ts'

describe('the status of an upload', () => {
  it.each(['Idle', 'Uploaded', 'UploadFailed', 'Uploading'])(
    'of diagnostics is told without a request: %s',
    (status) => {
      const { fact, answer } = read('LogStatus', `[2,"1","DiagnosticsStatusNotification",{"status":"${status}"}]`)
      expect(fact).toEqual({ type: 'LogStatus', log: 'DiagnosticsLog', status })
      expect(answer({ type: 'LogStatus' })).toEqual({})
    },
  )

  it('of the security log is told with the request that it belongs to, or idle without', () => {
    const of = (payload: string) => read('LogStatus', `[2,"1","LogStatusNotification",${payload}]`)
    const { fact, answer } = of('{"status":"BadMessage","requestId":4}')
    expect(fact).toEqual({ type: 'LogStatus', log: 'SecurityLog', status: 'BadMessage', requestId: 4 })
    expect(answer({ type: 'LogStatus' })).toEqual({})
    expect(of('{"status":"Idle"}').fact).toEqual({ type: 'LogStatus', log: 'SecurityLog', status: 'Idle' })
  })

  it('is refused when it has none', () => {
    for (const action of ['DiagnosticsStatusNotification', 'LogStatusNotification'])
      expect(protocol16.inbound(action, {}, { tenant: 'default', chargerId: 'CP1' })).toMatchObject({
        kind: 'error',
        code: 'OccurenceConstraintViolation',
      })
  })
})
