import { createHash, randomBytes } from 'node:crypto'
import type { ChargerId } from '@voltrail/contracts/ids'
import {
  ChargerSecurityView,
  ClientIdentitiesBody,
  SecurityUpgradeAnswer,
  SecurityUpgradeBody,
} from '@voltrail/contracts/rest/charger-security'
import { ChargerParams } from '@voltrail/contracts/rest/chargers'
import { CommandHeaders } from '@voltrail/contracts/rest/commands'
import { readChargerSecurity } from '../charger-security.ts'
import { notFound } from '../problem.ts'
import { decide, problems } from '../route-tools.ts'
import type { Routes } from '../route-tools.ts'
import type { Sources } from '../sources.ts'

const tags = ['Chargers']
/** security white paper §2: the key is 20 random bytes, sent as 40 hex characters */
const keyBytes = 20

export function chargerSecurityRoutes(app: Routes, sources: Sources): void {
  const read = async (chargerId: ChargerId): Promise<ChargerSecurityView> => {
    const found = await readChargerSecurity(sources.log, sources.tenant, chargerId)
    if (found === undefined) throw notFound(`There is no charger ${JSON.stringify(chargerId)}.`)
    return found
  }

  app.route({
    method: 'GET',
    url: '/chargers/:id/security',
    schema: {
      tags,
      operationId: 'getChargerSecurity',
      summary: 'How one charger proves who it is',
      params: ChargerParams,
      response: { 200: ChargerSecurityView, ...problems(404) },
    },
    handler: ({ params }) => read(params.id),
  })

  app.route({
    method: 'POST',
    url: '/chargers/:id/security',
    schema: {
      tags,
      operationId: 'upgradeChargerSecurity',
      summary: 'Move a charger to a higher security profile, to a new key, or to both',
      description:
        'The charger is sent its new AuthorizationKey, then its new SecurityProfile, by itself, as soon as it is connected. ' +
        'The old and the new credentials are both good until its first accepted boot with the new ones; then the old ones are ' +
        'refused for good. Without such a boot in the window the upgrade fails and the old ones stay. A profile is never lowered. ' +
        'An `Idempotency-Key` makes a repeated request the same upgrade while it is under way.',
      params: ChargerParams,
      headers: CommandHeaders,
      body: SecurityUpgradeBody,
      response: {
        202: SecurityUpgradeAnswer.describe('It is under way; `GET` says what comes of it.'),
        ...problems(400, 404, 413, 415, 422),
      },
    },
    handler: async ({ params, headers, body }, reply) => {
      await read(params.id)
      const { toProfile, rotateKey, showKey, windowSeconds } = body
      const hex = rotateKey ? randomBytes(keyBytes).toString('hex') : undefined
      const again = headers['idempotency-key']
      const upgradeId = (
        again === undefined
          ? createHash('sha256').update(sources.newId())
          : createHash('sha256').update(JSON.stringify(['security', sources.tenant, params.id, again]))
      )
        .digest('hex')
        .slice(0, 24)
      const decided = await decide(
        sources,
        {
          type: 'BeginSecurityUpgrade',
          chargerId: params.id,
          toProfile,
          ...(hex !== undefined && { newKey: { hex, digests: sources.passwordDigests(params.id, hex) } }),
          windowSeconds,
        },
        upgradeId,
      )
      return reply.code(202).send({
        chargerId: params.id,
        upgradeId,
        toProfile,
        begun: decided.changed,
        // of a repeated request the key is another one: it was made here and thrown away
        ...(showKey && decided.changed && hex !== undefined && { key: hex }),
      })
    },
  })

  app.route({
    method: 'PUT',
    url: '/chargers/:id/client-identities',
    schema: {
      tags,
      operationId: 'putClientIdentities',
      summary: 'Say which client certificates are this charger’s',
      description:
        'All at once. `common-name`: of our own certificate authority, with this CN (the charger’s serial number) and, where given, ' +
        'this O; `vendor-serial`: of a vendor’s root (SHA-256), with this CN; `fingerprint`: one certificate, for the first contact.',
      params: ChargerParams,
      body: ClientIdentitiesBody,
      response: { 200: ChargerSecurityView, ...problems(400, 404, 413, 415, 422) },
    },
    handler: async ({ params, body }) => {
      await read(params.id)
      await decide(sources, { type: 'SetClientIdentities', chargerId: params.id, identities: body.identities })
      return read(params.id)
    },
  })
}
