import fc from 'fast-check'
import { callFrame, errorFrame, parseFrame, resultFrame, type ParsedFrame } from './framing.ts'
import { quirks } from './quirks.ts'

const rules = (frame: ParsedFrame): string[] =>
  frame.kind === 'unreadable' ? [] : frame.normalisations.map(({ rule }) => rule)

describe('frames', () => {
  it('are read and written as OCPP-J has them', () => {
    expect(parseFrame(callFrame('1', 'Heartbeat', {}))).toEqual({
      kind: 'call',
      messageId: '1',
      echoId: '1',
      action: 'Heartbeat',
      payload: {},
      normalisations: [],
    })
    expect(parseFrame(resultFrame('1', { a: 1 }))).toMatchObject({ kind: 'result', messageId: '1', payload: { a: 1 } })
    expect(parseFrame(errorFrame('1', 'GenericError', 'no', { why: 1 }))).toMatchObject({
      kind: 'error',
      code: 'GenericError',
      description: 'no',
      details: { why: 1 },
    })
  })

  it('read null and a missing payload as {}', () => {
    const frame = parseFrame('[2,"1","Heartbeat",null]')
    expect(frame).toMatchObject({
      kind: 'call',
      payload: {},
      normalisations: [{ rule: 'Q25-payload-null', path: '/3', raw: 'null' }],
    })
    expect(rules(parseFrame('[3,"1"]'))).toEqual(['Q25-payload-missing'])
  })

  it('take an id that is a number, and let the answer echo it as it came', () => {
    const frame = parseFrame('[2,17,"Heartbeat",{}]')
    expect(frame).toMatchObject({ messageId: '17', echoId: 17 })
    expect(rules(frame)).toEqual(['Q25-message-id-number'])
    expect(resultFrame(17, {})).toBe('[3,17,{}]')
  })

  it('take an id of up to 128 characters with a note, and none that is longer or of another type', () => {
    expect(rules(parseFrame(`[2,"${'x'.repeat(36)}","A",{}]`))).toEqual([])
    expect(rules(parseFrame(`[2,"${'x'.repeat(128)}","A",{}]`))).toEqual(['Q25-message-id-long'])
    for (const id of [`"${'x'.repeat(129)}"`, 'null', '{}', '[]', 'true', '1e999']) {
      expect(parseFrame(`[2,${id},"A",{}]`)).toMatchObject({ kind: 'unreadable', problem: 'bad-message-id' })
    }
  })

  it('strip NUL and replace lone surrogates with their raw form in the note', () => {
    expect(parseFrame(String.raw`[2,"a\u0000b","Heart\ud800beat",{}]`)).toMatchObject({
      messageId: 'ab',
      echoId: 'a\u0000b',
      action: 'Heart\ufffdbeat',
      normalisations: [
        { rule: 'Q24-nul-stripped', path: '/1', raw: String.raw`"a\u0000b"` },
        { rule: 'Q24-lone-surrogate-replaced', path: '/2', raw: String.raw`"Heart\ud800beat"` },
      ],
    })
  })

  it('leave the payload as received, because repeats are recognised by that', () => {
    expect(parseFrame(String.raw`[2,"1","Authorize",{"idTag":"A\u0000"}]`)).toMatchObject({
      payload: { idTag: 'A\u0000' },
    })
  })

  it('name what is wrong, with the id when it can be read', () => {
    const problem = (text: string): unknown => {
      const frame = parseFrame(text)
      return frame.kind === 'unreadable' ? [frame.problem, frame.messageId] : frame.kind
    }
    expect(problem('[2,"77","MeterValues",{"sampledValue":[{"value":"1"]}]')).toEqual(['not-json', '77'])
    expect(parseFrame('[2,"1","Authorize",{"idTag":"PERSON"')).toMatchObject({
      detail: 'not JSON: the text of 36 characters breaks off from JSON at character 36',
    })
    expect(problem('')).toEqual(['not-json', undefined])
    expect(problem('{"a":1}')).toEqual(['not-array', undefined])
    expect(problem('[5,"1",{}]')).toEqual(['unknown-type', '1'])
    expect(problem('[]')).toEqual(['unknown-type', undefined])
    expect(problem('[2,"1",{},{}]')).toEqual(['bad-shape', '1'])
    expect(problem(`[2,"1","A",${'['.repeat(100)}${']'.repeat(100)}]`)).toEqual(['bad-shape', '1'])
  })

  it('settle a call even with an incomplete CALLERROR', () => {
    expect(parseFrame('[4,"1","NotSupported"]')).toMatchObject({
      kind: 'error',
      code: 'NotSupported',
      description: '',
      details: {},
    })
    expect(parseFrame('[4,"1",null,"",{}]')).toMatchObject({ kind: 'error', code: 'GenericError' })
    expect(rules(parseFrame('[4,"1","NotSupported","",{}]'))).toEqual([])
  })

  it('take a type written as text and leave out what is too much', () => {
    expect(rules(parseFrame('["2","1","A",{},"more"]'))).toEqual(['Q25-message-type-as-text', 'Q25-extra-elements'])
  })

  it('never throw, and name every rule they use', () => {
    const ids = quirks.map(({ id }) => id)
    const element = fc.oneof(fc.jsonValue(), fc.constantFrom(2, 3, 4, '2', null, 'Heartbeat', '\u0000'))
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(element, { maxLength: 7 }).map((frame) => JSON.stringify(frame)),
          fc.string(),
          fc.json(),
        ),
        (text) => {
          for (const rule of rules(parseFrame(text))) expect(ids).toContain(rule)
        },
      ),
      { numRuns: 500 },
    )
  })

  it('cut a long description to 255 characters', () => {
    expect(parseFrame(errorFrame('1', 'InternalError', 'x'.repeat(300)))).toMatchObject({
      description: 'x'.repeat(255),
    })
  })
})
