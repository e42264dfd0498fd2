import { instant } from '@voltrail/contracts/quantities'
import { protocol16 } from './protocol16.ts'
import { read } from './reading.fixture.ts'

describe('Authorize', () => {
  it('asks for a token as received and is answered with its status, expiry and group', () => {
    const { fact, answer } = read('Authorize', '[2,"1","Authorize",{"idTag":"04a2b3 "}]')
    expect(fact).toEqual({ type: 'Authorize', idToken: { value: '04a2b3 ', type: 'Unknown' } })
    const expiresAt = instant(Date.UTC(2027, 0, 1))
    expect(answer({ type: 'Authorize', authorization: { status: 'Accepted', expiresAt, groupToken: 'G' } })).toEqual({
      idTagInfo: { status: 'Accepted', expiryDate: '2027-01-01T00:00:00.000Z', parentIdTag: 'G' },
    })
  })

  it('is answered with the alias of a group that is too long for 1.6, and without it where it has none', () => {
    const { answer } = read('Authorize', '[2,"1","Authorize",{"idTag":"A"}]')
    expect(answer({ type: 'Authorize', authorization: { status: 'Blocked', groupToken: 'x'.repeat(21) } })).toEqual({
      idTagInfo: { status: 'Blocked' },
    })
    const known = { status: 'Accepted' as const, groupToken: 'x'.repeat(21), groupAlias: 'VT01' }
    expect(answer({ type: 'Authorize', authorization: known })).toEqual({
      idTagInfo: { status: 'Accepted', parentIdTag: 'VT01' },
    })
  })

  it('takes tags that are too long, numbers, with trailing bytes, or none, and keeps them out of the normalisations', () => {
    // Ocular, KEBA, ABB: https://github.com/lbbrhzn/ocpp/issues/2030, https://github.com/lorenzodonini/ocpp-go/issues/277
    const tag = (idTag: string): [string, unknown] => {
      const { fact, normalisations } = read('Authorize', `[2,"1","Authorize",{${idTag}}]`)
      return [fact.idToken.value, normalisations]
    }
    expect(tag('"idTag":"04A2B3C4D5E6F7A8B9C0D1E2F3"')).toEqual([
      '04A2B3C4D5E6F7A8B9C0D1E2F3',
      [{ rule: 'Q25-text-too-long', path: '/idTag', raw: 'withheld: 26 characters' }],
    ])
    expect(tag(String.raw`"idTag":"04A2\u0010\u000e"`)).toEqual([
      '04A2',
      [{ rule: 'Q27-tag-trailing-bytes', path: '/idTag', raw: 'withheld: 6 characters' }],
    ])
    expect(tag(String.raw`"idTag":"04A2\u0000\u0000"`)).toEqual([
      '04A2',
      [{ rule: 'Q24-nul-stripped', path: '/idTag', raw: 'withheld: 6 characters' }],
    ])
    expect(tag('"idTag":12345678')).toEqual([
      '12345678',
      [{ rule: 'Q23-text-as-number', path: '/idTag', raw: 'withheld: a number' }],
    ])
    expect(tag('')).toEqual(['', [{ rule: 'Q27-missing-id-tag', path: '/idTag', raw: '' }]])
    expect(tag('"idTag":"A","cardNumber":"4111"')[1]).toEqual([
      { rule: 'Q25-extra-field', path: '/cardNumber', raw: 'withheld: 4 characters' },
    ])
  })

  it('of a token that nobody could store is refused', () => {
    expect(
      protocol16.inbound('Authorize', { idTag: 'x'.repeat(513) }, { tenant: 'default', chargerId: 'CP1' }),
    ).toMatchObject({ kind: 'error', code: 'PropertyConstraintViolation' })
  })
})
