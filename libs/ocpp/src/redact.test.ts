import fc from 'fast-check'
import { redactFrame, redactJson } from './redact.ts'
import { isSecretKey } from '@voltrail/domain/secret-keys'

const digest = (secret: string): string => `#${secret.length}`
const redact = (text: string): string => redactFrame(text, digest).text

describe('redaction', () => {
  it('knows a secret key in any spelling, and an ordinary one', () => {
    for (const key of [
      'AuthorizationKey',
      'authorizationkey',
      'wifi_password',
      'WPA-PSK',
      'psk',
      'ApnPassword',
      'ClientSecret',
      'SimPIN',
    ]) {
      expect([key, isSecretKey(key)]).toEqual([key, true])
    }
    for (const key of [
      'AuthorizeRemoteTxRequests',
      'AuthorizationCacheEnabled',
      'HeartbeatInterval',
      'idTag',
      'Spin',
      'key',
      'value',
    ]) {
      expect([key, isSecretKey(key)]).toEqual([key, false])
    }
  })

  it('takes the key out of ChangeConfiguration and leaves every other byte', () => {
    expect(redact('[2, "1",\t"ChangeConfiguration", {"key":"AuthorizationKey" , "value" : "00112233"}]')).toBe(
      '[2, "1",\t"ChangeConfiguration", {"key":"AuthorizationKey" , "value" : "#8"}]',
    )
    expect(redact(String.raw`[2,"1","ChangeConfiguration",{"value":"x\"y","key":"Authorization\u004bey"}]`)).toBe(
      String.raw`[2,"1","ChangeConfiguration",{"value":"#3","key":"Authorization\u004bey"}]`,
    )
  })

  it('takes secrets out of GetConfiguration answers, one by one', () => {
    const answer =
      '[3,"1",{"configurationKey":[{"key":"HeartbeatInterval","readonly":false,"value":"300"},{"key":"wifi_Password","readonly":false,"value":"hunter2"}],"unknownKey":["AuthorizationKey"]}]'
    expect(redact(answer)).toBe(answer.replace('"hunter2"', '"#7"'))
  })

  it('takes the user out of URLs, also with @ in the password', () => {
    expect(redact('[2,"1","GetDiagnostics",{"location":"ftp://user:p@ss@files.example/up"}]')).toBe(
      '[2,"1","GetDiagnostics",{"location":"ftp://%239@files.example/up"}]',
    )
    expect(redact('[2,"1","X",{"location":"https://files.example/a@b"}]')).toBe(
      '[2,"1","X",{"location":"https://files.example/a@b"}]',
    )
  })

  it('takes the passwords of 2.x out of what is set, told and reported, and leaves the rest', () => {
    const named = (name: string) => ({ component: { name: 'SecurityCtrlr' }, variable: { name } })
    const of = (name: string, secret: string) => [
      [2, '1', 'SetVariables', { setVariableData: [{ ...named(name), attributeValue: secret }] }],
      [2, '1', 'SetVariables', { setVariableData: [{ attributeValue: secret, ...named(name) }] }],
      [3, '1', { getVariableResult: [{ attributeStatus: 'Accepted', attributeValue: secret, ...named(name) }] }],
      [2, '1', 'NotifyEvent', { eventData: [{ eventId: 1, actualValue: secret, ...named(name) }] }],
      [
        2,
        '1',
        'NotifyReport',
        {
          reportData: [
            { ...named(name), variableAttribute: [{ type: 'Actual', value: secret, mutability: 'WriteOnly' }] },
          ],
        },
      ],
    ]
    const secret = of('BasicAuthPassword', 'S3CRET-01').map((frame) => JSON.stringify(frame))
    for (const frame of secret) {
      expect(redact(frame)).toBe(frame.replace('S3CRET-01', '#9'))
      // cut off, as it comes from a charger whose buffer is too small
      expect(redactFrame(frame.slice(0, -3), digest)).toMatchObject({ redacted: true })
      expect(redact(frame.slice(0, -3))).not.toContain('S3CRET')
    }
    for (const frame of of('OrganizationName', 'Acme'))
      expect(redact(JSON.stringify(frame))).toBe(JSON.stringify(frame))
  })

  it('takes out by what a charger enters an APN or a VPN', () => {
    const frame = JSON.stringify([
      2,
      '1',
      'SetNetworkProfile',
      {
        configurationSlot: 1,
        connectionData: {
          ocppCsmsUrl: 'wss://csms.example',
          apn: {
            apn: 'iot.example',
            apnUserName: 'S3CRET-a',
            apnPassword: 'S3CRET-b',
            simPin: 4711,
            apnAuthentication: 'PAP',
          },
          vpn: {
            server: 'vpn.example',
            user: 'S3CRET-c',
            group: 'S3CRET-d',
            password: 'S3CRET-e',
            key: 'S3CRET-f',
            type: 'IKEv2',
          },
        },
      },
    ])
    expect(JSON.parse(redact(frame))[3].connectionData).toEqual({
      ocppCsmsUrl: 'wss://csms.example',
      apn: { apn: 'iot.example', apnUserName: '#8', apnPassword: '#8', simPin: '#4', apnAuthentication: 'PAP' },
      vpn: { server: 'vpn.example', user: '#8', group: '#8', password: '#8', key: '#8', type: 'IKEv2' },
    })
    expect(redact(frame.slice(0, -2))).not.toMatch(/S3CRET|4711/)
  })

  it('looks into JSON that is text, and into lists and objects under a secret name', () => {
    expect(redact(String.raw`[2,"1","DataTransfer",{"vendorId":"v","data":"{\"password\":\"x1\",\"n\":1}"}]`)).toBe(
      String.raw`[2,"1","DataTransfer",{"vendorId":"v","data":"{\"password\":\"#2\",\"n\":1}"}]`,
    )
    expect(redact('{"secrets":["ab",{"c":123}],"d":true}')).toBe('{"secrets":["#2",{"c":"#3"}],"d":true}')
  })

  it('finds secrets in broken JSON too', () => {
    for (const broken of [
      '[2,"1","ChangeConfiguration",{"key":"AuthorizationKey","value":"SECRET01"]',
      '[2,"1","ChangeConfiguration",{"value":"SECRET01","key":"AuthorizationKey",,}]',
      '[2,"1","X",{"password":"SECRET01"',
      '[2,"1","X",{"password":"SECRET01',
      String.raw`[2,"1","DataTransfer",{"data":"{\"password\":\"SECRET01\"}"`,
      '[2,"1","X",{"url":"ftp://SECRET01@host/"',
      "{'password': 'SECRET01'}",
    ]) {
      const { text, redacted } = redactFrame(broken, digest)
      expect([text.includes('SECRET01'), redacted]).toEqual([false, true])
    }
  })

  it('says so when there was nothing to take out, and then changes nothing', () => {
    fc.assert(
      fc.property(fc.json(), fc.string(), (json, text) => {
        for (const input of [json, text]) {
          const result = redactFrame(input, digest)
          if (!result.redacted) expect(result.text).toBe(input)
        }
      }),
    )
  })

  it('leaves valid JSON valid and free of the secret, wherever it stands', () => {
    const secret = 'S3CRET-"\\\u2028-é'
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), fc.integer({ min: 0, max: 3 }), (value, way) => {
        const holders = [
          { deep: [value, { Password: secret }] },
          { configurationKey: [{ key: 'AuthorizationKey', value: secret }, value] },
          { data: JSON.stringify({ authorizationKey: secret, value }) },
          { basicAuth: { user: 'u', value: [secret] }, value },
        ]
        const frame = JSON.stringify([2, '1', 'X', holders[way]])
        const { text, redacted } = redactFrame(frame, digest)
        expect(redacted).toBe(true)
        expect(text).not.toContain('S3CRET')
        expect(() => JSON.parse(text)).not.toThrow()
      }),
    )
  })

  it('takes a frame of 3 MiB in its stride', () => {
    const frame = JSON.stringify([2, '1', 'DataTransfer', { vendorId: 'v', data: 'x'.repeat(3 << 20), password: 'p' }])
    expect(redact(frame).length).toBe(frame.length + 1)
    const broken = redactFrame(`[2,"1","X",{"value":${'x'.repeat(3 << 20)}`, digest)
    expect(broken.redacted).toBe(false)
  })

  it('does the same for a value', () => {
    expect(redactJson({ key: 'AuthorizationKey', value: 'abc' }, digest)).toEqual({
      value: { key: 'AuthorizationKey', value: '#3' },
      redacted: true,
    })
    const same = { key: 'HeartbeatInterval', value: '300' }
    expect(redactJson(same, digest).value).toBe(same)
  })
})
