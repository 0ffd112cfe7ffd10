/** System roles, ascending. An unknown role counts as guest. */
export const systemRoles = ['guest', 'standard_engineer', 'advanced_engineer', 'manager', 'admin'] as const

export type SystemRole = (typeof systemRoles)[number]

/** How somebody came in. */
export type Way = 'ACCESS_TOKEN' | 'OUTSIDE_TOKEN' | 'LEGACY_TOKEN' | 'SERVICE_TOKEN'

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

export type Principal = Anonymous | UserPrincipal | ServicePrincipal

export const anonymous: Anonymous = { kind: 'anonymous' }

/** Whether a role is at least another. */
export const atLeast = (role: SystemRole, least: SystemRole): boolean =>
  systemRoles.indexOf(role) >= systemRoles.indexOf(least)

/** The role that a stored text names. */
export const systemRole = (stored: string): SystemRole =>
  systemRoles.find((role) => role === stored) ?? 'guest'
