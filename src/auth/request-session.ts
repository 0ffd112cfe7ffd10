import type { GpuDevConfig } from '../config/gpu-dev-config.ts'
import type { JobCommands } from '../config/job-commands.ts'
import type { AuditLog } from './audit-log.ts'
import type { Passwords } from './passwords/passwords.ts'
import type { KeyPrincipal, Principal } from './principal.ts'
import type { Queryable } from './queryable.ts'
import type { Scopes } from './scope.ts'
import type { SessionService } from './sessions/session-service.ts'

/** Who asks, from where, and what signing in and writing need. */
export interface RequestSession {
  readonly principal: Principal
  /** Network address of the client. */
  readonly address: string
  readonly userAgent: string | undefined
  readonly requestId: string
  readonly sessions: SessionService
  /** Makes and checks password hashes, as configured. */
  readonly passwords: Passwords
  readonly audit: AuditLog
  /** The gateway's own database. */
  readonly state: Queryable
  /** Has the API keys that match looked up anew at their next use, as when they are revoked. */
  forgetKeys(matches: (principal: KeyPrincipal) => boolean): void
  /** What people belong to, to be forgotten where it changes. */
  readonly scopes: Scopes
  readonly jobCommands: JobCommands
  readonly gpuDev: GpuDevConfig
}
