import { z } from 'zod'
import { ChargerId, TokenRef } from '../ids.ts'
import { WhenTooLong } from '../local-list.ts'
import { Instant } from '../quantities.ts'

const token = z.string().min(1).max(36)
const shared = {
  groups: z.array(token).max(50).default([]).describe('group tokens: everybody of such a group who may charge'),
  idTokens: z.array(token).max(500).default([]).describe('by name; each was issued before'),
  whenTooLong: WhenTooLong.default('refuse').describe(
    'where a charger has no room for all: `refuse` adds nobody and says so, `shorten` leaves out those of least priority ' +
      '(`idTokens` come first, then `groups`, then others)',
  ),
}
const modes = '`none`: an empty list; `all`: every token that may charge; `selected`: those of `groups` and `idTokens`'

export const PutLocalListBody = z
  .strictObject({
    mode: z
      .enum(['inherit', 'none', 'all', 'selected'])
      .describe(`${modes}; \`inherit\`: as the tenant has it for all its chargers`),
    ...shared,
  })
  .refine(
    ({ mode, groups, idTokens }) => mode === 'all' || mode === 'selected' || groups.length + idTokens.length === 0,
    {
      path: ['mode'],
      message: 'groups and idTokens go with `selected`, or with `all` to say who comes first',
    },
  )
  .refine(({ mode, groups, idTokens }) => mode !== 'selected' || groups.length + idTokens.length > 0, {
    path: ['mode'],
    message: '`selected` wants groups or idTokens; for an empty list it is `none`',
  })
  .meta({
    id: 'PutLocalList',
    examples: [{ mode: 'selected', groups: ['FLEET-7'], idTokens: ['04A2B3C4'], whenTooLong: 'shorten' }],
  })

export const PutDefaultLocalListBody = z
  .strictObject({
    mode: z.enum(['off', 'none', 'all', 'selected']).describe(`${modes}; \`off\`: lists are left as they are`),
    ...shared,
  })
  .refine(
    ({ mode, groups, idTokens }) => mode === 'all' || mode === 'selected' || groups.length + idTokens.length === 0,
    {
      path: ['mode'],
      message: 'groups and idTokens go with `selected`, or with `all` to say who comes first',
    },
  )
  .refine(({ mode, groups, idTokens }) => mode !== 'selected' || groups.length + idTokens.length > 0, {
    path: ['mode'],
    message: '`selected` wants groups or idTokens; for an empty list it is `none`',
  })
  .meta({ id: 'PutDefaultLocalList', examples: [{ mode: 'all' }] })

const refs = {
  groups: z.array(TokenRef).describe('by reference, as `GET /v1/id-tokens` shows it'),
  idTokens: z.array(TokenRef).describe('by reference'),
  whenTooLong: WhenTooLong,
}

export const DefaultLocalListView = z
  .object({ mode: z.enum(['off', 'none', 'all', 'selected']), ...refs })
  .meta({ id: 'DefaultLocalList' })
export type DefaultLocalListView = z.infer<typeof DefaultLocalListView>

export const LocalListView = z
  .object({
    chargerId: ChargerId,
    mode: z.enum(['off', 'none', 'all', 'selected']).describe('what holds for it; `off`: its list is left as it is'),
    inherited: z.boolean().describe('whether that is the word of the tenant'),
    ...refs,
    state: z
      .enum([
        'off',
        'waiting',
        'in-sync',
        'pending',
        'failed',
        'version-mismatch',
        'too-long',
        'disabled',
        'unsupported',
      ])
      .describe(
        'of bringing it there. `waiting`: it was not looked at yet; `failed` and `version-mismatch`: the newest update was ' +
          'not taken, and is tried again; `too-long`: no room; `disabled`, `unsupported`: the charger has no list',
      ),
    detail: z.string().nullable(),
    desiredVersion: z.int().nullable().describe('the number that the list has when it is as desired'),
    desiredEntries: z.int().nullable(),
    leftOut: z.int().describe('for want of room'),
    version: z.int().nullable().describe('last known on the charger; 0: an empty list, -1: none'),
    entries: z.int().nullable().describe('last known on the charger'),
    pending: z
      .object({
        full: z.boolean().describe('what it has is not known: the whole list is sent'),
        added: z.int(),
        changed: z.int(),
        removed: z.int(),
      })
      .nullable()
      .describe('what differed when it was looked at last'),
    assessedAt: Instant.nullable(),
    writtenAt: Instant.nullable().describe('when it last took an update'),
    failures: z.int().describe('updates refused since it took one'),
    retryAt: Instant.nullable(),
  })
  .meta({ id: 'LocalList' })
export type LocalListView = z.infer<typeof LocalListView>
