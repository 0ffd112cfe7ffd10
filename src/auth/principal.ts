/** System roles, ascending. An unknown role counts as guest. */
export const systemRoles = ['guest', 'standard_engineer', 'advanced_engineer', 'manager', 'admin'] as const

export type SystemRole = (typeof systemRoles)[number]

/** Roles of a tenant's API key, ascending. An unknown role counts as read-only. */
export const tenantRoles = ['read-only', 'developer', 'admin'] as const

export type TenantRole = (typeof tenantRoles)[number]

/** How somebody came in. */
export type Way = 'ACCESS_TOKEN' | 'OUTSIDE_TOKEN' | 'LEGACY_TOKEN' | 'SERVICE_TOKEN' | 'API_KEY'

/** Whom a token is for: this graph, or the Labeler, whose tokens read accounts and change nothing. */
export type Audience = 'tributary' | 'labeler'

/** Nobody in particular. */
export interface Anonymous {
  readonly kind: 'anonymous'
}

/** A person of the platform, as the users database has them now (not as the token has them). */
export interface UserPrincipal {
  readonly kind: 'user'
  readonly way: Way
  readonly audience: Audience
  readonly id: number
  readonly email: string
  readonly role: SystemRole
  readonly organizationId: number | null
  /** The session (refresh family) that the token belongs to; none for outside and legacy tokens. */
  readonly session: string | null
  /** When the token expires. */
  readonly expiresAt: Date
}

/** A program of another team, such as the Labeler's backend. */
export interface ServicePrincipal {
  readonly kind: 'service'
  readonly way: 'SERVICE_TOKEN'
  readonly audience: Audience
  readonly name: string
  readonly scopes: readonly string[]
  readonly expiresAt: Date
}

/** A tenant of the control plane, by an API key of one of its environments. */
export interface TenantPrincipal {
  readonly kind: 'tenant'
  readonly way: 'API_KEY'
  readonly keyId: string
  readonly tenantId: string
  readonly environmentId: string
  readonly role: TenantRole
  /** When the key expires; null for one that does not. */
  readonly expiresAt: Date | null
}

/** A user of the GPU Dev service, by an API key. Not a person of the platform: nothing connects the two. */
export interface GpuUserPrincipal {
  readonly kind: 'gpuUser'
  readonly way: 'API_KEY'
  readonly keyId: number
  readonly userId: number
  readonly username: string
  /** Whether somebody else is called by the user's number: the number as text then means them. */
  readonly isNumberTaken?: boolean
  /** When the key expires; null for one that does not. */
  readonly expiresAt: Date | null
}

/** Who comes by an API key. */
export type KeyPrincipal = TenantPrincipal | GpuUserPrincipal

export type Principal = Anonymous | UserPrincipal | ServicePrincipal | KeyPrincipal

export const anonymous: Anonymous = { kind: 'anonymous' }

/** Whether a role is at least another. */
export const atLeast = (role: SystemRole, least: SystemRole): boolean =>
  systemRoles.indexOf(role) >= systemRoles.indexOf(least)

/** The role of a key that a stored text names. */
export const tenantRole = (stored: string): TenantRole =>
  tenantRoles.find((role) => role === stored) ?? 'read-only'

/** A principal as the gateway's own tables name it. */
export function actorOf(principal: Principal): string {
  switch (principal.kind) {
    case 'anonymous':
      return 'anonymous'
    case 'user':
      return `user:${principal.id}`
    case 'service':
      return `service:${principal.name}`
    case 'tenant':
      return `tenant-key:${principal.keyId}`
    case 'gpuUser':
      return `gpu-user:${principal.userId}`
  }
}

/** The role that a stored text names. */
export const systemRole = (stored: string): SystemRole =>
  systemRoles.find((role) => role === stored) ?? 'guest'
