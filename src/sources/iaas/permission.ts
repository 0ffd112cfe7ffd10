import sql, { raw, type Sql } from 'sql-template-tag'
import type { TenantPrincipal, UserPrincipal } from '../../auth/principal.ts'
import { columnOf } from '../../graph/statement.ts'
import { openingKeys } from './api-key-lookup.ts'

/** Who works on a tenant's own rows: administrators of the platform, and the tenant by one of its keys. */
export type TenantCaller = UserPrincipal | TenantPrincipal

const administers = (caller: TenantCaller): boolean => caller.kind === 'user' && caller.role === 'admin'

/**
 * Whether a key is now what it was when it was looked up, up to half a minute ago: one that the control plane or
 * another replica has revoked since must not make itself a successor.
 */
const stillOpens = ({ keyId, role }: TenantPrincipal): Sql =>
  sql`EXISTS (SELECT 1 ${raw(openingKeys)} AND k.id = ${keyId} AND k.role = ${role})`

/**
 * Whether somebody may change rows of a tenant, as a condition on one of them as `t`.
 *
 * @param column which says the tenant.
 */
export const ofTenant = (caller: TenantCaller, column: 'tenant_id' | 'id' = 'tenant_id'): Sql => {
  if (administers(caller)) return sql`TRUE`
  return caller.kind === 'tenant' && caller.role !== 'read-only'
    ? sql`(${columnOf('t', column)} = ${caller.tenantId} AND ${stillOpens(caller)})`
    : sql`FALSE`
}

/** The same for keys: none touches one that may do more than itself. */
export const ofTenantKey = (caller: TenantCaller): Sql =>
  caller.kind === 'tenant' && caller.role !== 'admin'
    ? sql`${ofTenant(caller)} AND t.role <> 'admin'`
    : ofTenant(caller)

/** Whether somebody may make a key with a role. */
export const mayGrant = (caller: TenantCaller, role: string): boolean =>
  administers(caller) || (caller.kind === 'tenant' && (caller.role === 'admin' || role !== 'admin'))

/** What is the operator's: for administrators. */
export const ofOperator = (caller: TenantCaller): Sql => (administers(caller) ? sql`TRUE` : sql`FALSE`)
