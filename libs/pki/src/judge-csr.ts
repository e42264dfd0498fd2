import { csrProblems, type ExpectedSubject } from '@voltrail/domain/device/certificate-request'
import type { readCsr } from './csr.ts'

/** Everything that speaks against signing a request; nothing: it can be signed. */
export const judgeCsr = (csr: ReturnType<typeof readCsr>, expected: ExpectedSubject): readonly string[] =>
  'unreadable' in csr ? [csr.unreadable] : csrProblems(csr.facts, expected)
