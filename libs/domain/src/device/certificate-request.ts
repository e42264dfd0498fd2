import type { AcceptedIdentity } from '@voltrail/contracts/events/device'
import type { Sha256 } from '@voltrail/contracts/ids'

/** What can be told of a certificate request (RFC 2986). `digest` is SHA-256 of its DER, in hex. */
export interface CsrFacts {
  readonly digest: Sha256
  /** SHA-256 of its SubjectPublicKeyInfo, in hex */
  readonly keyDigest: Sha256
  readonly subject: string
  readonly commonNames: readonly string[]
  readonly organisations: readonly string[]
  /** in bits; 0: unknown */
  readonly key: { readonly kind: 'RSA' | 'EC' | 'other'; readonly bits: number; readonly curve?: string }
  readonly signature: string
  readonly signatureValid: boolean
}

/** What a request must name. `organisation`: the O where the charger's record names none; absent: it is not held against anything. */
export interface ExpectedSubject {
  readonly identities: readonly AcceptedIdentity[]
  readonly organisation?: string | undefined
}

/** Security white paper A00.FR.308 and FR.509: RSA below 2048 bits, curves below 224 bits and SHA-1 are weak. */
export const weaknesses = ({ key, signature, signatureValid }: CsrFacts): readonly string[] => [
  ...(key.kind === 'RSA' && key.bits < 2048
    ? [`an RSA key of ${key.bits} bits is weak: at least 2048 are needed`]
    : []),
  ...(key.kind === 'EC' && key.bits < 224
    ? [`the curve ${key.curve} is weak or unknown: at least 224 bits are needed`]
    : []),
  ...(key.kind === 'other' ? ['its key is neither RSA nor of an elliptic curve'] : []),
  ...(/SHA-1$|MD5$/.test(signature)
    ? [`it is signed by ${signature}, which is weak: SHA-256 or longer is needed`]
    : []),
  ...(signatureValid ? [] : [`its signature (${signature}) is not of its key`]),
]

/**
 * Why a charger's request is refused; none: it can be signed. Its CN must be a serial number that the charger's record has, which
 * an operator put there: what the charger says of itself is no proof.
 */
export const csrProblems = (facts: CsrFacts, expected: ExpectedSubject): readonly string[] => [
  ...weaknesses(facts),
  ...subjectProblems(facts, expected),
]

const subjectProblems = (
  { commonNames, organisations }: CsrFacts,
  { identities, organisation }: ExpectedSubject,
): readonly string[] => {
  const recorded = identities.filter((one) => one.kind === 'common-name')
  if (recorded.length === 0)
    return ['no serial number is recorded for this charger: an operator has to put it among its identities']
  const identity = recorded.find((one) => commonNames.length === 1 && one.commonName === commonNames[0])
  if (identity === undefined) return [`its CN ${quoted(commonNames)} is not the recorded serial number`]
  const wanted = identity.organisation ?? organisation
  return wanted === undefined || (organisations.length === 1 && organisations[0] === wanted)
    ? []
    : [`its O ${quoted(organisations)} is not ${JSON.stringify(wanted)}, the operator’s name`]
}

/** Names that came from outside, short enough to be told. */
const quoted = (names: readonly string[]): string => JSON.stringify(names.join(', ').slice(0, 64))
