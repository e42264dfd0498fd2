import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { allCases, conformanceCases, ownCases } from './conformance-cases.ts'
import { conformanceMessages } from './conformance-messages.ts'
import { proofOf, writeConformancePage } from './conformance-page.ts'
import { namesTest } from './named-test.ts'
import { actions16, isAction16 } from './schemas.ts'
import { inbound16, outbound16 } from './v16/actions.ts'
import { heartbeatAction } from './v16/heartbeat.ts'
import { readWireTests } from './wire-tests.ts'

const root = join(__dirname, '../../..')
const tests = readWireTests(root)

describe('the page of conformance', () => {
  it('is as the tables and tests are; to write it: npm run conformance', () => {
    expect(readFileSync(join(root, 'libs/ocpp/CONFORMANCE.md'), 'utf8')).toBe(
      writeConformancePage(conformanceMessages, conformanceCases, ownCases, tests),
    )
  })

  it('is not written while a case has no test', () => {
    expect(() => writeConformancePage(conformanceMessages, conformanceCases, ownCases, tests.slice(1))).toThrow(
      /has no test named/,
    )
  })
})

describe('the messages of conformance', () => {
  it('are all 39, each in every direction that is spoken', () => {
    const of = (from: 'charger' | 'us') =>
      conformanceMessages.filter((one) => one.from === from).map(({ action }) => action)
    const sent = Object.values(outbound16).flatMap(({ action, actions }) =>
      typeof action === 'string' ? [action] : (actions ?? []),
    )
    expect(of('charger').toSorted()).toEqual([...inbound16.keys(), heartbeatAction].toSorted())
    expect(of('us').toSorted()).toEqual([...new Set(sent.filter(isAction16))].toSorted())
    expect(new Set(conformanceMessages.map(({ action }) => action))).toEqual(new Set(actions16))
  })

  it.each(conformanceMessages.map((one) => [one.action, one] as const))(
    '%s has its test beside its source',
    (_, one) => {
      const file = join(root, 'libs/ocpp/src/v16', one.test)
      expect([one.test, existsSync(file)]).toEqual([one.test, true])
    },
  )
})

describe('the cases of conformance', () => {
  it('are the 77 of the document, once each', () => {
    expect(conformanceCases).toHaveLength(77)
    expect(new Set(allCases.map(({ id }) => id)).size).toBe(allCases.length)
    for (const { id } of conformanceCases) expect(id).toMatch(/^TC_\d{3}(_\d)?_CSMS$/)
  })

  it.each(allCases.map((one) => [one.id, one] as const))('%s has one test on the wire, of its title', (id, one) => {
    for (const action of one.messages) expect([action, isAction16(action)]).toEqual([action, true])
    const proof = proofOf(one, tests)
    expect(proof).toBeDefined()
    expect(namesTest(tests.find(({ file }) => file === proof?.file)!.text, proof!.title)).toBe(true)
    expect(tests.flatMap(({ text }) => [...text.matchAll(new RegExp(`\\bit\\(\\s*'${id} `, 'g'))])).toHaveLength(1)
  })
})
