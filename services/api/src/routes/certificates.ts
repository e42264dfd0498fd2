import type { ChargerCommand, CertificateUse } from '@voltrail/contracts/charger-commands'
import { CommandId, type ChargerId } from '@voltrail/contracts/ids'
import { instant } from '@voltrail/contracts/quantities'
import {
  CertificatePage,
  ChargerCertificatesView,
  DeleteRootBody,
  InstallRootBody,
  ListCertificatesQuery,
  RevokeBody,
  RevokeParams,
  RootOutcome,
  TrustedRoots,
} from '@voltrail/contracts/rest/certificates'
import { ChargerParams } from '@voltrail/contracts/rest/chargers'
import type { TrustBundle } from '@voltrail/contracts/trust'
import { certificateFacts, certificateHash, certificatePem, readCertificates } from '@voltrail/domain/x509/certificate'
import { z } from 'zod'
import { endsBefore, readChargerCertificates } from '../charger-certificates.ts'
import { ApiProblem, notFound, unavailable } from '../problem.ts'
import { decide, problems } from '../route-tools.ts'
import type { Routes } from '../route-tools.ts'
import type { Sources } from '../sources.ts'

const tags = ['Certificates']
const uses = ['CentralSystemRootCertificate', 'ManufacturerRootCertificate'] as const

export function certificateRoutes(app: Routes, sources: Sources): void {
  const known = async (chargerId: ChargerId): Promise<void> => {
    if ((await sources.reporting.getCharger(chargerId)) === undefined)
      throw notFound(`There is no charger ${JSON.stringify(chargerId)}.`)
  }
  const read = (chargerId: ChargerId) => readChargerCertificates(sources.log, sources.tenant, chargerId)
  const trusted = async (): Promise<TrustBundle> => {
    const bundle = await sources.trust()
    if (bundle === undefined)
      throw unavailable('Nothing is published yet of whom to trust: upkeep does that when it starts.')
    return bundle
  }
  const ask = async (
    chargerId: ChargerId,
    command: ChargerCommand,
    use?: CertificateUse,
  ): Promise<RootOutcome['outcomes'][number]> => {
    const reply = await sources.central.command({
      commandId: CommandId.parse(sources.newId()),
      chargerId,
      actor: { kind: 'operator', id: sources.actorId },
      requestedAt: instant(sources.now()),
      timeoutMs: sources.commandTimeoutMs,
      command,
    })
    if (reply.outcome === 'unavailable') throw unavailable(`The command was not sent: ${reply.reason}. Ask again.`)
    if (reply.outcome === 'refused') {
      if (reply.reason === 'unknown-charger') throw notFound(`There is no charger ${JSON.stringify(chargerId)}.`)
      throw new ApiProblem('refused', reply.detail)
    }
    const status = reply.outcome === 'result' ? reply.status : reply.outcome === 'callError' ? reply.code : undefined
    return {
      ...(use === undefined ? {} : { use }),
      commandId: reply.commandId,
      outcome: reply.outcome,
      ...(status === undefined ? {} : { status }),
    }
  }

  app.route({
    method: 'GET',
    url: '/certificates',
    schema: {
      tags,
      operationId: 'listCertificates',
      summary: 'Which certificates each charger has, which roots it trusts, and what ends when',
      querystring: ListCertificatesQuery,
      response: { 200: CertificatePage, ...problems(400) },
    },
    handler: async ({ query: { expiringBefore, ...query } }) => {
      const chargers = await sources.reporting.listChargers(query)
      const items = await Promise.all(chargers.items.map(({ chargerId }) => read(chargerId)))
      return {
        items: expiringBefore === undefined ? items : items.filter((item) => endsBefore(item, expiringBefore)),
        next: chargers.next,
      }
    },
  })

  app.route({
    method: 'GET',
    url: '/chargers/:id/certificates',
    schema: {
      tags,
      operationId: 'getChargerCertificates',
      summary: 'The certificates of one charger',
      params: ChargerParams,
      response: { 200: ChargerCertificatesView, ...problems(404) },
    },
    handler: async ({ params }) => {
      await known(params.id)
      return read(params.id)
    },
  })

  app.route({
    method: 'POST',
    url: '/chargers/:id/certificates/install',
    schema: {
      tags,
      operationId: 'installRoot',
      summary: 'Have a charger trust a root certificate',
      description:
        'The root of our own authority, or the one that is given. What the charger then trusts is read by itself.',
      params: ChargerParams,
      body: InstallRootBody,
      response: { 200: RootOutcome, ...problems(400, 404, 413, 415, 422) },
    },
    handler: async ({ params, body }) => {
      const { use } = body
      const pem = body.pem === undefined ? (await trusted()).roots[0] : onlyRoot(body.pem)
      if (pem === undefined)
        throw new ApiProblem('refused', 'No certificate authority is set up: give the root as `pem`.')
      return { outcomes: [await ask(params.id, { type: 'InstallCertificate', use, pem }, use)] }
    },
  })

  app.route({
    method: 'POST',
    url: '/chargers/:id/certificates/refresh',
    schema: {
      tags,
      operationId: 'refreshRoots',
      summary: 'Ask a charger which roots it trusts',
      params: ChargerParams,
      response: { 200: RootOutcome, ...problems(404, 422) },
    },
    handler: async ({ params }) => {
      const outcomes: RootOutcome['outcomes'] = []
      for (const use of uses) outcomes.push(await ask(params.id, { type: 'GetInstalledCertificateIds', use }, use))
      return { outcomes }
    },
  })

  app.route({
    method: 'POST',
    url: '/chargers/:id/certificates/delete',
    schema: {
      tags,
      operationId: 'deleteRoot',
      summary: 'Have a charger trust a root no more',
      params: ChargerParams,
      body: DeleteRootBody,
      response: { 200: RootOutcome, ...problems(400, 404, 413, 415, 422) },
    },
    handler: async ({ params, body }) => ({
      outcomes: [await ask(params.id, { type: 'DeleteCertificate', certificate: body.certificate })],
    }),
  })

  app.route({
    method: 'POST',
    url: '/chargers/:id/certificates/:serial/revoke',
    schema: {
      tags,
      operationId: 'revokeCertificate',
      summary: 'Revoke a certificate of a charger, for good',
      description:
        'Edges refuse it from then on, and the list of revoked certificates names it. Its key is never signed again.',
      params: RevokeParams,
      body: RevokeBody,
      response: { 200: ChargerCertificatesView, ...problems(400, 404, 413, 415, 422) },
    },
    handler: async ({ params, body }) => {
      await known(params.id)
      await decide(sources, {
        type: 'RevokeCertificate',
        chargerId: params.id,
        serial: params.serial,
        reason: body.reason,
      })
      return read(params.id)
    },
  })

  app.route({
    method: 'GET',
    url: '/pki/roots',
    schema: {
      tags,
      operationId: 'getTrustedRoots',
      summary: 'What chargers’ certificates chain to',
      response: { 200: TrustedRoots, ...problems() },
    },
    handler: async () => {
      const { authority, at, roots, intermediates, revoked } = await trusted()
      return {
        authority,
        at,
        roots: roots.flatMap(readCertificates).map((root) => ({
          facts: certificateFacts(root),
          hash: certificateHash(root, root),
          pem: certificatePem(root),
        })),
        intermediates: intermediates
          .flatMap(readCertificates)
          .map((one) => ({ facts: certificateFacts(one), pem: certificatePem(one) })),
        revoked,
      }
    },
  })

  app.route({
    method: 'GET',
    url: '/pki/crl',
    schema: {
      tags,
      operationId: 'getRevocationList',
      summary: 'The list of revoked certificates, PEM',
      description: 'Made anew with each revocation and each day (RFC 5280).',
      response: {
        200: { description: 'X509 CRL', content: { 'application/x-pem-file': { schema: z.string() } } },
        ...problems(404),
      },
    },
    handler: async (_request, reply) => {
      const { crl, authority } = await trusted()
      if (crl === undefined) throw notFound(`The authority (${authority}) publishes its own list.`)
      return reply.type('application/x-pem-file').send(crl)
    },
  })
}

/** The one root in this text, as we write it. Throws a 400 that says what it is instead. */
function onlyRoot(pem: string): string {
  const wrong = (message: string) =>
    new ApiProblem('invalid-request', `The certificate cannot be installed: it ${message}.`, {
      errors: [{ path: '/body/pem', message }],
    })
  const read = () => {
    try {
      return readCertificates(pem)
    } catch {
      return []
    }
  }
  const [root, ...more] = read()
  if (root === undefined) throw wrong('is no certificate in PEM')
  if (more.length > 0) throw wrong('has several certificates: install one at a time')
  if (root.subject !== root.issuer) throw wrong('is no root: its issuer is another')
  return certificatePem(root)
}
