import { csrProblems, type CsrFacts, type ExpectedSubject } from '@voltrail/domain/device/certificate-request'
import { readCsr } from './csr.ts'

/** A request with everything that speaks against it; `facts` is absent when it cannot be read at all. */
export interface JudgedCsr {
  readonly facts?: CsrFacts
  readonly problems: readonly string[]
}

/** Reads a request (PEM or base64 DER) and holds it against what it must name. */
export const judgeCsr = (text: string, expected: ExpectedSubject): JudgedCsr => {
  const request = readCsr(text)
  return 'unreadable' in request
    ? { problems: [request.unreadable] }
    : { facts: request.facts, problems: csrProblems(request.facts, expected) }
}
