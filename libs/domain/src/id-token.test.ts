import type { TokenRef } from '@voltrail/contracts/ids'
import type { IdTokenEvent } from '@voltrail/contracts/events/registry'
import { at, foldHistory, given } from './fixtures/given.ts'
import { aliasFrom, authorise, giveAlias, idToken, needsAlias, putIdToken, type TokenTerms } from './id-token.ts'

const ref = 'c'.repeat(32) as TokenRef
const sealed = { owner: ref, key: '', text: '' }
const token = { ref, type: 'ISO14443' as const, sealed }
const issued = (terms: TokenTerms): IdTokenEvent => ({ type: 'IdTokenIssued', data: { idToken: token, ...terms } })
const closed = { unknownTokens: 'Invalid' as const }

describe('an id token', () => {
  it('is issued, changed, and left alone when nothing changes', () => {
    given(idToken)
      .when((s) => putIdToken({ idToken: token, terms: { status: 'Accepted' } }, s))
      .then(issued({ status: 'Accepted' }))
    given(idToken, issued({ status: 'Accepted' }))
      .when((s) => putIdToken({ idToken: token, terms: { status: 'Blocked' } }, s))
      .then({ type: 'IdTokenChanged', data: { status: 'Blocked' } })
    given(idToken, issued({ status: 'Accepted' }))
      .when((s) => putIdToken({ idToken: token, terms: { status: 'Accepted' } }, s))
      .thenNothing()
  })

  describe('of more than 20 characters', () => {
    const alias = { ref: 'd'.repeat(32) as TokenRef, sealed }
    const stands: IdTokenEvent = { type: 'IdTokenAliasGiven', data: { aliasOf: ref } }

    it('needs an alias, and is counted without the space around it', () => {
      expect(needsAlias(`  ${'x'.repeat(20)} `)).toBe(false)
      expect(needsAlias('x'.repeat(21))).toBe(true)
      expect(aliasFrom('0123456789abcdef0123456789abcdef')).toBe('VT0123456789ABCDEF01')
    })
    it('keeps its alias with its terms, also where it was issued before it had one', () => {
      given(idToken, issued({ status: 'Accepted' }))
        .when((s) => putIdToken({ idToken: token, terms: { status: 'Accepted', alias } }, s))
        .then({ type: 'IdTokenChanged', data: { status: 'Accepted', alias } })
      given(idToken, issued({ status: 'Accepted', alias }))
        .when((s) => putIdToken({ idToken: token, terms: { status: 'Accepted', alias } }, s))
        .thenNothing()
    })
    it('gives its alias once; what is somebody’s already is taken', () => {
      given(idToken)
        .when((s) => giveAlias({ aliasOf: ref }, s))
        .then(stands)
      given(idToken, stands)
        .when((s) => giveAlias({ aliasOf: ref }, s))
        .thenNothing()
      given(idToken, stands)
        .when((s) => giveAlias({ aliasOf: alias.ref }, s))
        .thenRejected({ kind: 'taken' })
      given(idToken, issued({ status: 'Blocked' }))
        .when((s) => giveAlias({ aliasOf: alias.ref }, s))
        .thenRejected({ kind: 'taken' })
    })
    it('has an alias that nobody can issue as a token of its own', () =>
      given(idToken, stands)
        .when((s) => putIdToken({ idToken: token, terms: { status: 'Accepted' } }, s))
        .thenRejected({ kind: 'is-an-alias' }))
  })

  const verdict = (terms: TokenTerms) => authorise(foldHistory(idToken, [issued(terms)]), closed, at(0))
  it('is worth what it was issued with', () => {
    for (const status of ['Accepted', 'Blocked', 'Expired', 'Invalid'] as const)
      expect(verdict({ status }).status).toBe(status)
  })
  it('expires at its date, not before', () => {
    expect(verdict({ status: 'Accepted', expiresAt: at(1) }).status).toBe('Accepted')
    expect(verdict({ status: 'Accepted', expiresAt: at(0) }).status).toBe('Expired')
    expect(verdict({ status: 'Blocked', expiresAt: at(-1) }).status).toBe('Blocked')
  })
  it('tells its group', () => expect(verdict({ status: 'Accepted', group: { ref, sealed } }).groupRef).toBe(ref))
  it('is what the tenant says of unknown ones when nobody issued it', () => {
    expect(authorise({}, closed, at(0))).toEqual({ status: 'Invalid', reason: 'unknown token' })
    expect(authorise({}, { unknownTokens: 'Accepted' }, at(0)).status).toBe('Accepted')
  })
})
