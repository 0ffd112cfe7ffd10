import type { ApiKeyKind } from '../../auth/api-keys/api-keys.ts'
import type { Source } from '../../database/source.ts'
import { storedKeys } from '../stored-keys.ts'

interface FoundKey {
  readonly keyId: number
  readonly userId: number
  readonly username: string
  readonly isNumberTaken: boolean
}

const columns = `
  k.key_id AS "keyId", u.user_id AS "userId", u.username,
  EXISTS (SELECT FROM public.api_users o
    WHERE o.username = u.user_id::text AND o.user_id <> u.user_id) AS "isNumberTaken"`

/** The keys `k` that open: neither they nor their users `u` are locked, and they are not expired. */
const openingKeys = `
  FROM public.api_keys k JOIN public.api_users u ON u.user_id = k.user_id
  WHERE k.is_active AND u.is_active AND (k.expires_at IS NULL OR k.expires_at > now())`

/** GPU Dev's keys: 64 random bytes in base64url, without a prefix. */
export const gpuDevKeys = (source: Source): ApiKeyKind => ({
  name: 'gpu dev',
  recognises: (credential) => /^[\w-]{86}$/.test(credential),
  ...storedKeys<FoundKey>(source, {
    columns,
    openingKeys,
    principal: (found) => ({ kind: 'gpuUser', way: 'API_KEY', ...found }),
  }),
})
