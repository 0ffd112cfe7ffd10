import type { ApiKeyKind } from '../../auth/api-keys/api-keys.ts'
import type { Source } from '../../database/source.ts'

interface FoundKey {
  readonly keyId: number
  readonly userId: number
  readonly username: string
  readonly isNumberTaken: boolean
  readonly expiresAt: Date | null
}

/** The keys `k` that open: neither they nor their users `u` are locked, and they are not expired. */
const openingKeys = `
  FROM public.api_keys k JOIN public.api_users u ON u.user_id = k.user_id
  WHERE k.is_active AND u.is_active AND (k.expires_at IS NULL OR k.expires_at > now())`

/** When a key was last used is noted by the service itself and not here: a key that only looks writes nothing. */
const statement = `
  SELECT k.key_id AS "keyId", u.user_id AS "userId", u.username,
    EXISTS (SELECT FROM public.api_users o
      WHERE o.username = u.user_id::text AND o.user_id <> u.user_id) AS "isNumberTaken",
    CASE WHEN k.expires_at < '9999-12-31' THEN k.expires_at END AS "expiresAt"
  ${openingKeys} AND k.key_hash = $1`

/** GPU Dev's keys: 64 random bytes in base64url, without a prefix. */
export const gpuDevKeys = (source: Source): ApiKeyKind => ({
  name: 'gpu dev',
  recognises: (credential) => /^[\w-]{86}$/.test(credential),
  async lookUp(hash) {
    const { rows } = await source.guard(() => source.pool.query<FoundKey>(statement, [hash]))
    const [found] = rows
    return found ? { kind: 'gpuUser', way: 'API_KEY', ...found } : null
  },
  async opening(hashes) {
    const { rows } = await source.guard(() =>
      source.pool.query<{ hash: string }>(
        `SELECT k.key_hash AS hash ${openingKeys} AND k.key_hash = ANY($1::text[])`,
        [hashes],
      ),
    )
    return rows.map(({ hash }) => hash)
  },
})
