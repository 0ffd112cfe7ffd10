import sql from 'sql-template-tag'
import type { GpuUserPrincipal, UserPrincipal } from '../../auth/principal.ts'
import type { Run } from '../../graph/transaction.ts'
import { notPermitted } from '../../graph/write-failure.ts'

/**
 * The GPU Dev user who asks. A person of the platform is none, whatever the role: nothing says which of them is whom.
 *
 * @throws Refused NotPermitted for somebody else.
 */
export function callerOf(principal: UserPrincipal | GpuUserPrincipal): GpuUserPrincipal {
  if (principal.kind === 'gpuUser') return principal
  throw notPermitted('This is for users of GPU Dev: send one of their API keys.')
}

/**
 * Makes sure, when something is about to be asked for, that the user and the key still are what they were when the key
 * was looked up, and tells the name that goes into messages.
 *
 * @throws Refused NotPermitted.
 */
export async function confirmCaller(run: Run, { userId, keyId }: GpuUserPrincipal): Promise<string> {
  const [user] = await run<{ username: string }>(
    sql`SELECT u.username FROM public.api_users u JOIN public.api_keys k ON k.user_id = u.user_id
      WHERE u.user_id = ${userId} AND k.key_id = ${keyId} AND u.is_active AND k.is_active
        AND (k.expires_at IS NULL OR k.expires_at > now())`,
  )
  if (user) return user.username
  throw notPermitted('The key, or its user, is locked.')
}
