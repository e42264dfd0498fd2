import type { TokenStatus } from '@voltrail/contracts/admin-commands'
import type { TokenRef } from '@voltrail/contracts/ids'
import type { IdTokenType } from '@voltrail/contracts/personal'
import { instant } from '@voltrail/contracts/quantities'
import {
  IdTokenPage,
  IdTokenParams,
  IdTokenView,
  ListIdTokensQuery,
  PatchIdTokenBody,
  PostIdTokenBody,
  PutIdTokenBody,
} from '@voltrail/contracts/rest/id-tokens'
import { tokenStream } from '@voltrail/contracts/streams'
import { idToken as idTokenAggregate } from '@voltrail/domain/id-token'
import { foldStream } from '../log-reads.ts'
import { openText } from '../personal-text.ts'
import { ApiProblem, notFound } from '../problem.ts'
import { createdOrKnown, decide, problems } from '../route-tools.ts'
import type { Routes } from '../route-tools.ts'
import type { Sources } from '../sources.ts'

const tags = ['Id tokens']

type Terms = {
  type: IdTokenType
  status: TokenStatus
  expiresAt?: string | undefined
  groupToken?: string | undefined
  label?: string | undefined
}

export function idTokenRoutes(app: Routes, sources: Sources): void {
  const { tenant, vault } = sources

  const read = async (value: string): Promise<IdTokenView> => {
    const shown = vault.tokenRef(tenant, value)
    const fold = async (of: TokenRef) =>
      (await foldStream(sources.log, idTokenAggregate, tokenStream(tenant, of))).state
    const found = await fold(shown)
    const ref = found.aliasOf ?? shown
    const { idToken, terms } = found.aliasOf === undefined ? found : await fold(found.aliasOf)
    // the token itself is not repeated: a problem may be logged by whoever asked
    if (idToken === undefined || terms === undefined) throw notFound('This id token was never issued here.')
    const [token, group, label, alias] = await Promise.all([
      openText(vault, tenant, idToken.sealed),
      openText(vault, tenant, terms.group?.sealed),
      openText(vault, tenant, terms.label?.sealed),
      openText(vault, tenant, terms.alias?.sealed),
    ])
    return {
      ref,
      token: token.text,
      type: idToken.type,
      status: terms.status,
      expiresAt: terms.expiresAt ?? null,
      groupToken: group.text,
      label: label.text,
      alias: alias.text,
      erased: token.erased,
    }
  }

  const put = async (value: string, terms: Terms): Promise<200 | 201> => {
    const reply = await decide(sources, {
      type: 'PutIdToken',
      token: { value, type: terms.type },
      status: terms.status,
      ...(terms.expiresAt !== undefined && { expiresAt: instant(Date.parse(terms.expiresAt)) }),
      ...(terms.groupToken !== undefined && { groupToken: terms.groupToken }),
      ...(terms.label !== undefined && { label: terms.label }),
    })
    return createdOrKnown(reply)
  }

  app.route({
    method: 'GET',
    url: '/id-tokens',
    schema: {
      tags,
      operationId: 'listIdTokens',
      summary: 'All id tokens',
      querystring: ListIdTokensQuery,
      response: { 200: IdTokenPage, ...problems(400) },
    },
    handler: ({ query }) => sources.reporting.listIdTokens(query),
  })

  app.route({
    method: 'POST',
    url: '/id-tokens',
    schema: {
      tags,
      operationId: 'postIdToken',
      summary: 'Issue an id token, or say anew what it may do',
      description: 'What is absent is cleared. The same content again changes nothing.',
      body: PostIdTokenBody,
      response: {
        201: IdTokenView.describe('It is new.'),
        200: IdTokenView.describe('It was there; this is how it is now.'),
        ...problems(400, 413, 415, 422),
      },
    },
    handler: async ({ body: { token, ...terms } }, reply) =>
      reply.code(await put(token, terms)).send(await read(token)),
  })

  app.route({
    method: 'GET',
    url: '/id-tokens/:token',
    schema: {
      tags,
      operationId: 'getIdToken',
      summary: 'One id token, named by itself or by its alias',
      params: IdTokenParams,
      response: { 200: IdTokenView, ...problems(404) },
    },
    handler: ({ params }) => read(params.token),
  })

  app.route({
    method: 'PUT',
    url: '/id-tokens/:token',
    schema: {
      tags,
      operationId: 'putIdToken',
      summary: 'Say what an id token may do; issues it when it is new',
      description: 'What is absent is cleared. The same content again changes nothing.',
      params: IdTokenParams,
      body: PutIdTokenBody,
      response: {
        201: IdTokenView.describe('It is new.'),
        200: IdTokenView.describe('It was there; this is how it is now.'),
        ...problems(400, 413, 415, 422),
      },
    },
    handler: async ({ params, body }, reply) =>
      reply.code(await put(params.token, body)).send(await read(params.token)),
  })

  app.route({
    method: 'PATCH',
    url: '/id-tokens/:token',
    schema: {
      tags,
      operationId: 'patchIdToken',
      summary: 'Change what an id token may do; what is not named stays',
      description: '`null` clears. Named by itself or by its alias; one that was never issued is a 404.',
      params: IdTokenParams,
      body: PatchIdTokenBody,
      response: { 200: IdTokenView, ...problems(400, 404, 409, 413, 415, 422) },
    },
    handler: async ({ params, body }) => {
      const now = await read(params.token)
      if (now.token === null || now.erased)
        throw new ApiProblem('conflict', 'This id token was erased: what it may do can only be said anew, by PUT.')
      const kept = <T>(said: T | null | undefined, known: T | null): T | undefined =>
        (said === undefined ? known : said) ?? undefined
      await put(now.token, {
        type: body.type ?? now.type,
        status: body.status ?? now.status,
        expiresAt: kept(body.expiresAt, now.expiresAt),
        groupToken: kept(body.groupToken, now.groupToken),
        label: kept(body.label, now.label),
      })
      return read(now.token)
    },
  })
}
