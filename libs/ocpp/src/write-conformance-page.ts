import { writeFileSync } from 'node:fs'
import { conformanceCases, ownCases } from './conformance-cases.ts'
import { conformanceMessages } from './conformance-messages.ts'
import { writeConformancePage } from './conformance-page.ts'
import { readWireTests } from './wire-tests.ts'

// run at the root of the repository: npm run conformance
writeFileSync(
  'libs/ocpp/CONFORMANCE.md',
  writeConformancePage(conformanceMessages, conformanceCases, ownCases, readWireTests('.')),
)
