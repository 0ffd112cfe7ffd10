import { randomBytes } from 'node:crypto'
import sql, { type Sql } from 'sql-template-tag'
import { optionalText } from '../../graph/checked-input.ts'
import type { GraphContext } from '../../graph/context.ts'
import type { RowKey } from '../../graph/entity.ts'
import { rowsOf } from '../../graph/statement.ts'
import { rowRuleOf } from '../../graph/visibility.ts'
import { ruleSql } from '../../graph/visibility-sql.ts'
import { utcNow } from '../../graph/write.ts'
import { NotFound, Refused } from '../../graph/write-failure.ts'
import { Invitation } from './invitation.ts'

/** A new token of an invitation: 32 random bytes in base64url. Whoever holds it may answer. */
export const createInvitationToken = (): string => randomBytes(32).toString('base64url')

/** The invitation `t` of a token, whoever asks. */
export const withToken = (token: string): Sql => sql`t.token = ${optionalText(token, 'token', 255)}`

/** The invitation `t` of a key, where the viewer sees it. */
export const withKey = (context: GraphContext, key: RowKey | null): Sql =>
  sql`t.id = ${key} AND ${ruleSql(context, Invitation, rowRuleOf(context, Invitation), 't') ?? sql`TRUE`}`

/** Marks an invitation that has run out, now that somebody looks at it. */
export async function expireInvitation(context: GraphContext, condition: Sql): Promise<void> {
  await rowsOf(
    context,
    Invitation.source,
    sql`UPDATE public.invitations t SET status = 'EXPIRED'
      WHERE ${condition} AND t.status = 'PENDING' AND t.expires_at <= ${utcNow}`,
  )
}

export interface FoundInvitation {
  readonly key: number
  readonly status: string
  /** Key of the project that it is to. */
  readonly project: number | null
}

/** @throws Refused NotFound. */
export async function findInvitation(context: GraphContext, condition: Sql): Promise<FoundInvitation> {
  await expireInvitation(context, condition)
  const [found] = await rowsOf<FoundInvitation>(
    context,
    Invitation.source,
    sql`SELECT t.id AS key, t.status::text AS status,
        CASE WHEN t.invitation_type::text = 'PROJECT' THEN t.project_id END AS project
      FROM public.invitations t WHERE ${condition}`,
  )
  if (!found) throw new Refused(NotFound, 'There is no such Invitation.')
  return found
}
