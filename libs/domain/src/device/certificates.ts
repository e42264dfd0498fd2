import type { Part } from './device-state.ts'

/** The charger's own certificate, the one that it asks for, the roots that it trusts, and whom we take it for. */
export const certificatesWith: Part = (state, event) => {
  switch (event.type) {
    case 'CertificateRequested': {
      const { digest, problems } = event.data
      return problems.length > 0 ? state : { ...state, pendingCsr: { digest, at: event.metadata.receivedAt } }
    }
    case 'CertificateIssued': {
      const { csrDigest: _, pem: __, ...certificate } = event.data
      const { pendingCsr: ___, ...answered } = state
      return { ...answered, certificate }
    }
    case 'CertificateRevoked': {
      const { certificate, ...without } = state
      return certificate?.serial === event.data.serial ? without : state
    }
    case 'RootCertificatesSeen': {
      const { use } = event.data
      return { ...state, roots: [...(state.roots ?? []).filter((known) => known.use !== use), event.data] }
    }
    case 'ClientIdentitiesChanged':
      return { ...state, identities: event.data.identities }
    default:
      return state
  }
}
