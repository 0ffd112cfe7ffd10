import { schemePattern } from './passwords/stored-hash.ts'
import type { Queryable } from './queryable.ts'
import type { TokenAccount } from './token-credentials.ts'
import type { AccountKey } from './tokens/verified-token.ts'

/** A row of the shared table of users, as signing in sees it. */
export interface Account {
  readonly id: number
  readonly email: string
  readonly fullName: string | null
  /** Its system role, as stored. */
  readonly role: string
  readonly organizationId: number | null
  readonly badgeColor: string | null
  /** False when it is locked. */
  readonly isActive: boolean
  /** Hash of the password; a secret. Null where the person signs in elsewhere. */
  readonly hash: string | null
}

const columns = `id, email, full_name AS "fullName", system_role::text AS role, organization_id AS "organizationId",
  badge_color AS "badgeColor", is_active AS "isActive", hashed_password AS hash`

const tokenColumns = `id, email, system_role::text AS role, organization_id AS "organizationId",
  is_active AS "isActive", keycloak_id AS "keycloakId"`

const byEmailClause = 'email = $1 OR lower(email) = $2 LIMIT 100'

/** The one that is written so, or else the only one that differs in case. */
const unambiguous = <A extends { readonly email: string }>(
  rows: readonly A[],
  email: string,
): A | undefined => rows.find((row) => row.email === email) ?? (rows.length === 1 ? rows[0] : undefined)

/** The accounts in the users database. */
export class Accounts {
  readonly #users: Queryable

  constructor(users: Queryable) {
    this.#users = users
  }

  /**
   * The account of an e-mail address: the one that is written so, or else the only one that differs in case.
   *
   * Always one statement that looks both ways, so that its time does not tell which it was.
   */
  async byEmail(email: string): Promise<Account | undefined> {
    if (email.includes('\0')) return undefined
    const rows = await this.#users.query<Account>(`SELECT ${columns} FROM users WHERE ${byEmailClause}`, [
      email,
      email.toLowerCase(),
    ])
    return unambiguous(rows, email)
  }

  async byId(id: number): Promise<Account | undefined> {
    const [row] = await this.#users.query<Account>(`SELECT ${columns} FROM users WHERE id = $1`, [id])
    return row
  }

  /** The account that a token stands for, without its secret. */
  async byToken(key: AccountKey): Promise<TokenAccount | null> {
    const [clause, values] =
      'id' in key
        ? ['id = $1', [key.id]]
        : 'keycloakId' in key
          ? ['keycloak_id = $1', [key.keycloakId]]
          : [byEmailClause, [key.email, key.email.toLowerCase()]]
    const rows = await this.#users.query<TokenAccount>(
      `SELECT ${tokenColumns} FROM users WHERE ${clause}`,
      values,
    )
    return ('email' in key ? unambiguous(rows, key.email) : rows[0]) ?? null
  }

  /** Those of the accounts that are there, without their secrets. */
  byIds(ids: readonly number[]): Promise<readonly TokenAccount[]> {
    return this.#users.query<TokenAccount>(
      `SELECT ${tokenColumns} FROM users WHERE id = ANY($1::integer[])`,
      [ids],
    )
  }

  /** Those of the accounts that are there and not locked. */
  async activeAmong(ids: readonly number[]): Promise<number[]> {
    const rows = await this.#users.query<{ id: number }>(
      'SELECT id FROM users WHERE id = ANY($1::integer[]) AND is_active',
      [ids],
    )
    return rows.map(({ id }) => id)
  }

  /** Everything but salt and digest of the stored hashes, each once. */
  async schemesInUse(): Promise<string[]> {
    const rows = await this.#users.query<{ scheme: string }>(
      `SELECT DISTINCT substring(hashed_password FROM $1) AS scheme FROM users WHERE hashed_password ~ $1`,
      [schemePattern],
    )
    return rows.map(({ scheme }) => scheme)
  }

  /** Puts another hash of the same password in the place of one, unless that was changed meanwhile. */
  async renewHash({ id, hash }: Account, renewed: string): Promise<void> {
    await this.#users.query('UPDATE users SET hashed_password = $3 WHERE id = $1 AND hashed_password = $2', [
      id,
      hash,
      renewed,
    ])
  }

  /**
   * Sets a new password; a reset that was asked for before is void.
   *
   * @returns false when the old one was changed meanwhile, or the account locked.
   */
  async setHash({ id, hash }: Account, changed: string): Promise<boolean> {
    const rows = await this.#users.query(
      `UPDATE users SET hashed_password = $3, password_reset_token = NULL, password_reset_expires = NULL,
         updated_at = now() AT TIME ZONE 'UTC'
       WHERE id = $1 AND hashed_password = $2 AND is_active RETURNING id`,
      [id, hash, changed],
    )
    return rows.length === 1
  }
}
