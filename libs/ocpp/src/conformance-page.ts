import type { ConformanceCase } from './conformance-cases.ts'
import type { ConformanceMessage } from './conformance-messages.ts'

/** A test file of the wire: its path from the root, and its text. */
export interface WireTests {
  readonly file: string
  readonly text: string
}

/** The test of a case: the file, and its title as it stands there. Undefined: there is none. */
export const proofOf = (
  { id, title }: ConformanceCase,
  tests: readonly WireTests[],
): { file: string; title: string } | undefined => {
  for (const { file, text } of tests) {
    const found = new RegExp(`\\bit\\(\\s*'(${plain(`${id} ${title}: `)}[^']+)'`).exec(text)
    if (found?.[1] !== undefined) return { file, title: found[1] }
  }
  return undefined
}
const plain = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

export const schemaTest = 'libs/ocpp/src/conformance-schemas.test.ts'
/** Where the tests on the wire are. Their titles are read as they stand in the files: this library imports nothing of there. */
export const wireFolder = 'test-e2e/src/conformance'

/** The page of conformance. Throws for a message or a case without a proof: there is no empty row. */
export const writeConformancePage = (
  messages: readonly ConformanceMessage[],
  cases: readonly ConformanceCase[],
  own: readonly ConformanceCase[],
  tests: readonly WireTests[],
): string => {
  const provedBy = (one: ConformanceCase): string => {
    const proof = proofOf(one, tests)
    if (proof === undefined) throw new Error(`${one.id} has no test named '${one.id} ${one.title}: …' in ${wireFolder}`)
    return `\`${proof.file}\`: ${cell(proof.title.slice(one.id.length + 1))}`
  }
  const onWire = ({ action, from }: ConformanceMessage): string => {
    const ids = [...cases, ...own]
      .filter(
        (one) => one.messages.includes(action) && (action !== 'DataTransfer' || own.includes(one) === (from === 'us')),
      )
      .map(({ id }) => id)
    if (ids.length === 0) throw new Error(`${action} from ${from} goes over the wire in no case`)
    return ids.length > 4 ? `${ids.slice(0, 4).join(', ')} and ${ids.length - 4} more` : ids.join(', ')
  }
  const rowOfCase = (one: ConformanceCase): string => row(one.id, one.title, one.clause, one.how, provedBy(one))
  return [
    '# Conformance: OCPP 1.6 with the security extension',
    '',
    'Made from `src/conformance-messages.ts`, `src/conformance-cases.ts` and the titles of the tests by `npm run conformance`; not',
    'edited by hand. A test fails while this page is stale or a row has no proof.',
    '',
    '## How it is proved',
    'The tests in `test-e2e/src/conformance` start the whole product. The operator works over REST; the charger is a package of',
    'others: `ocpp-rpc` for every case, and `ocpp-ts` too for those without the security extension, which it does not speak, and for',
    'Basic authentication. `ocpp-rpc` holds each of our calls and answers against its own copy of the official schemas, `ocpp-ts`',
    'each of our calls against another; a breach fails the case. So does a message of its row that did not go over the wire.',
    '',
    'These are the steps and checks of the document as far as they concern a central system, not a certificate: that is given by a',
    'laboratory with the OCA’s own tool. No case needs hardware; what a charger alone would do (a lock that sticks, a power',
    'failure, a firmware that is installed) the package says of itself, as the OCA’s tool does.',
    '',
    '## Messages',
    `Schema: for each message, request and response, \`${schemaTest}\` takes the least that a second copy of the official`,
    'schemas (that of `ocpp-rpc`) requires, and names each breach of it. Meaning: the tests beside its source in `libs/ocpp/src/v16`.',
    '',
    row('profile', 'message', 'from', 'schema', 'meaning', 'on the wire'),
    '|---|---|---|---|---|---|',
    ...messages.map((one) =>
      row(
        one.profile,
        one.action,
        one.from === 'us' ? 'central system' : 'charge point',
        `\`${one.action}.req\`, \`${one.action}.conf\``,
        `\`${one.test}\``,
        onWire(one),
      ),
    ),
    '',
    '## Cases of the OCA compliance test document, system under test: central system',
    `${cases.length} cases.`,
    ...[...new Set(cases.map(({ chapter }) => chapter))].flatMap((chapter) => [
      '',
      `### ${chapter}`,
      row('case', 'title', 'clause', 'how it is provoked', 'proved by'),
      '|---|---|---|---|---|',
      ...cases.filter((one) => one.chapter === chapter).map(rowOfCase),
    ]),
    '',
    '## Beyond the document',
    row('case', 'title', 'clause', 'how it is provoked', 'proved by'),
    '|---|---|---|---|---|',
    ...own.map(rowOfCase),
    '',
  ].join('\n')
}

const cell = (text: string): string => text.replaceAll('|', '\\|')
const row = (...cells: string[]): string => `| ${cells.join(' | ')} |`
