import type { Pool, PoolClient } from 'pg'
import type { KeyStore } from './key-store.ts'
import type { StoredKey } from './signing-key.ts'

/** What the store needs of a `pg.Pool`. */
export type KeyDatabase = Pick<Pool, 'query' | 'connect'>

/** Names the advisory lock of those who change keys. */
const lockName = 'tributary.signing_keys'

const columns = `kid, algorithm, private_jwk AS "privateJwk", public_jwk AS "publicJwk", created_at AS "createdAt",
  activates_at AS "activatesAt", retires_at AS "retiresAt"`

/** The keys in the table `tributary.signing_keys`, which `tributary db migrate` makes. */
export const postgresKeyStore = (database: KeyDatabase): KeyStore => ({
  ...statements(database),
  async exclusively(work) {
    const client = await database.connect()
    let broken: unknown
    try {
      await client.query('BEGIN')
      await client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [lockName])
      const store: KeyStore = { ...statements(client), exclusively: (inner) => inner(store) }
      const result = await work(store)
      await client.query('COMMIT')
      return result
    } catch (error) {
      await client.query('ROLLBACK').catch((failure: unknown) => {
        broken = failure
      })
      throw error
    } finally {
      client.release(broken !== undefined)
    }
  },
})

function statements(connection: Pick<Pool | PoolClient, 'query'>): Omit<KeyStore, 'exclusively'> {
  const run = (text: string, values: unknown[]) => connection.query(text, values)
  return {
    async list() {
      const { rows } = await run(
        `SELECT ${columns} FROM tributary.signing_keys ORDER BY activates_at, kid`,
        [],
      )
      return rows as StoredKey[]
    },
    async insert(key) {
      await run(
        `INSERT INTO tributary.signing_keys
           (kid, algorithm, private_jwk, public_jwk, created_at, activates_at, retires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)`,
        [
          key.kid,
          key.algorithm,
          JSON.stringify(key.privateJwk),
          JSON.stringify(key.publicJwk),
          key.createdAt,
          key.activatesAt,
          key.retiresAt,
        ],
      )
    },
    async retire(kid, at) {
      await run('UPDATE tributary.signing_keys SET retires_at = $2 WHERE kid = $1', [kid, at])
    },
    async prune(before) {
      await run('DELETE FROM tributary.signing_keys WHERE retires_at < $1', [before])
    },
  }
}
