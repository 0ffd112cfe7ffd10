import type { ApiKeyKind } from '../auth/api-keys/api-keys.ts'
import type { KeyPrincipal } from '../auth/principal.ts'
import type { Source } from '../database/source.ts'

export interface StoredKeysOptions<Found> {
  /** Columns of a key `k` that say who it stands for, as a list in SQL. */
  readonly columns: string
  /** FROM and WHERE of the keys `k` that open. */
  readonly openingKeys: string
  /** Who a key stands for. */
  readonly principal: (found: Found & { readonly expiresAt: Date | null }) => KeyPrincipal
}

/**
 * Looks keys up in a table that has their SHA-256 in `key_hash`. When a key was last used is noted by its owner and not
 * here: a key that only looks writes nothing. An end that no date can say is none.
 */
export const storedKeys = <Found extends object>(
  source: Source,
  { columns, openingKeys, principal }: StoredKeysOptions<Found>,
): Pick<ApiKeyKind, 'lookUp' | 'opening'> => ({
  async lookUp(hash) {
    const { rows } = await source.guard(() =>
      source.pool.query<Found & { expiresAt: Date | null }>(
        `SELECT ${columns}, CASE WHEN k.expires_at < '9999-12-31' THEN k.expires_at END AS "expiresAt"
         ${openingKeys} AND k.key_hash = $1`,
        [hash],
      ),
    )
    const [found] = rows
    return found ? principal(found) : null
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
