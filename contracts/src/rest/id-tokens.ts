import { z } from 'zod'
import { TokenRef } from '../ids.ts'
import { IdTokenType } from '../personal.ts'
import { Instant } from '../quantities.ts'
import { TokenStatus } from '../admin-commands.ts'
import { AnyInstant, page, pageQuery } from './paging.ts'

/** Text that lies encrypted in the log: `null` once its keys are destroyed. */
export const PersonalText = z.string().nullable().describe('`null` when there is none, or when it was erased')

export const IdTokenView = z
  .object({
    ref: TokenRef.describe('stands for the token wherever it may not appear itself'),
    token: PersonalText,
    type: IdTokenType,
    status: TokenStatus,
    expiresAt: Instant.nullable(),
    groupToken: PersonalText,
    label: PersonalText,
    alias: PersonalText.describe('stands for a token of more than 20 characters at chargers that take no longer one'),
    erased: z.boolean().describe('its keys are destroyed: nobody can read token, group and label again'),
  })
  .meta({ id: 'IdToken' })
export type IdTokenView = z.infer<typeof IdTokenView>
export const IdTokenPage = page(IdTokenView).meta({ id: 'IdTokenPage' })
export const ListIdTokensQuery = z.strictObject({ ...pageQuery, status: TokenStatus.optional() })

const terms = {
  type: IdTokenType.default('ISO14443'),
  status: TokenStatus.default('Accepted'),
  expiresAt: AnyInstant.optional(),
  groupToken: z.string().min(1).max(36).optional().describe('tokens of one group may stop each other’s sessions'),
  label: z.string().max(100).optional().describe('a name for people; personal data, kept encrypted'),
}
const token = z.string().min(1).max(255).describe('the token as chargers send it; letter case does not matter')

/** An id token and what it may do. The whole of it: what is absent is cleared. */
export const PutIdTokenBody = z
  .strictObject(terms)
  .meta({ id: 'PutIdToken', examples: [{ type: 'ISO14443', status: 'Accepted', groupToken: 'FLEET-7' }] })
export const PostIdTokenBody = z
  .strictObject({ token, ...terms })
  .meta({ id: 'PostIdToken', examples: [{ token: '04A1B2C3', type: 'ISO14443', status: 'Accepted' }] })
/** Of an id token that there is, what shall be otherwise; `null` clears. */
export const PatchIdTokenBody = z
  .strictObject({
    type: IdTokenType.optional(),
    status: TokenStatus.optional(),
    expiresAt: AnyInstant.nullable().optional(),
    groupToken: terms.groupToken.unwrap().nullable().optional(),
    label: terms.label.unwrap().nullable().optional(),
  })
  .refine((body) => Object.values(body).some((value) => value !== undefined), {
    error: 'must name at least one of type, status, expiresAt, groupToken, label',
  })
  .meta({ id: 'PatchIdToken', examples: [{ status: 'Blocked' }] })
export const IdTokenParams = z.object({ token })
