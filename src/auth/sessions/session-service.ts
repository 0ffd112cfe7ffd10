import { randomUUID } from 'node:crypto'
import { TributaryError } from '../../errors/tributary-error.ts'
import type { Account, Accounts } from '../accounts.ts'
import type { Attempt, SignInAttempts } from '../limits/sign-in-attempts.ts'
import { type Passwords, unsuitability } from '../passwords/passwords.ts'
import type { Audience, Principal, UserPrincipal } from '../principal.ts'
import type { AccessTokens, IssuedToken } from './access-tokens.ts'
import { createRefreshToken, hashRefreshToken } from './refresh-token.ts'
import type { SessionRevocations } from './session-revocations.ts'
import type { EndReason, FoundToken, SessionStore } from './session-store.ts'

/** What a signed-in person holds. */
export interface SessionTokens {
  readonly access: IssuedToken
  readonly refresh: IssuedToken
}

/** Too many attempts, or not the right password. The user, where there is one, is for the audit log alone. */
export type SignInRefusal =
  | { readonly kind: 'limited'; readonly retryAfter: number }
  | { readonly kind: 'invalid'; readonly user: number | undefined }

export type SignInOutcome = SignInRefusal | SignedIn

export interface SignedIn {
  readonly kind: 'signed-in'
  readonly user: number
  readonly tokens: SessionTokens
}

/** Why a refresh token is not good; for the audit log alone. */
export interface RefreshRefusal {
  readonly kind: 'refused'
  readonly reason: 'unknown' | 'reuse' | 'over' | 'account-closed'
  readonly user?: number
}

/** A sign-out; no user where the session is not known. */
export interface SignedOut {
  readonly user: number | undefined
  readonly endedSessions: number
}

export type PasswordChange =
  | SignInRefusal
  | { readonly kind: 'unsuitable'; readonly reason: string }
  | { readonly kind: 'changed'; readonly endedSessions: number }

interface RightPassword {
  readonly kind: 'right'
  readonly account: Account
  readonly isOutdated: boolean
  readonly admittedAt: string
}

/** Where a request comes from. */
export interface Origin {
  readonly address: string
  readonly userAgent: string | undefined
}

export interface SignIn extends Origin {
  readonly email: string
  readonly password: string
  readonly audience: Audience
}

export interface SessionServiceOptions {
  readonly accounts: Accounts
  readonly passwords: Passwords
  readonly attempts: SignInAttempts
  readonly store: SessionStore
  readonly revocations: SessionRevocations
  readonly tokens: AccessTokens
}

const userAgentLength = 200

/** Signing in and out. An account that is locked is, to its owner and to everybody else, one that is not there. */
export class SessionService {
  readonly #options: SessionServiceOptions

  constructor(options: SessionServiceOptions) {
    this.#options = options
  }

  async signIn({ email, password, audience, address, userAgent }: SignIn): Promise<SignInOutcome> {
    const { store, tokens } = this.#options
    const checked = await this.#check({ email: email.trim(), address }, password, (typed) =>
      this.#options.accounts.byEmail(typed),
    )
    if (checked.kind !== 'right') return checked
    const { account, isOutdated, admittedAt } = checked
    if (isOutdated) await this.#renewHash(account, password)
    const [session, token] = [randomUUID(), createRefreshToken()]
    const access = await tokens.issue({ account, session, audience })
    const expiresAt = await store.begin({
      id: session,
      user: account.id,
      audience,
      address,
      userAgent: userAgent?.slice(0, userAgentLength),
      tokenHash: hashRefreshToken(token),
      admittedAt,
    })
    if (!expiresAt) return { kind: 'invalid', user: account.id }
    return { kind: 'signed-in', user: account.id, tokens: { access, refresh: { token, expiresAt } } }
  }

  /**
   * Puts new tokens in the place of a refresh token, which is good for one use: a second one ends the session, since
   * one of the two was not its owner's.
   */
  async refresh(token: string): Promise<SignedIn | RefreshRefusal> {
    const { accounts, store, tokens } = this.#options
    const hash = hashRefreshToken(token)
    const found = await store.find(hash)
    if (!found) return { kind: 'refused', reason: 'unknown' }
    const { session, user, audience } = found
    if (found.isUsed) return this.#refuse(found, 'reuse')
    if (found.isOver) return { kind: 'refused', reason: 'over', user }
    // Everything that may fail comes before the rotation: after it the old token is spent.
    const account = await accounts.byId(user)
    if (!account?.isActive) return this.#refuse(found, 'account-closed')
    const access = await tokens.issue({ account, session, audience })
    const next = createRefreshToken()
    const expiresAt = await store.rotate(hash, hashRefreshToken(next))
    if (!expiresAt) return this.#refuse(found, 'reuse')
    return { kind: 'signed-in', user, tokens: { access, refresh: { token: next, expiresAt } } }
  }

  /** Ends the session of a refresh token, or else that of the principal. */
  async signOut(refreshToken: string | null, principal: Principal): Promise<SignedOut> {
    const presented =
      principal.kind === 'user' ? { user: principal.id, session: principal.session } : undefined
    const found =
      refreshToken === null ? presented : await this.#options.store.find(hashRefreshToken(refreshToken))
    const hasEnded = found?.session != null && (await this.#end(found.session, 'sign-out'))
    return { user: found?.user, endedSessions: hasEnded ? 1 : 0 }
  }

  /** @returns how many sessions ended. */
  async signOutEverywhere(user: number): Promise<number> {
    return this.#endAll(user, 'sign-out-everywhere', null)
  }

  /** Sets a new password and ends the person's other sessions. */
  async changePassword(
    principal: UserPrincipal,
    { oldPassword, newPassword, address }: { oldPassword: string; newPassword: string; address: string },
  ): Promise<PasswordChange> {
    const { accounts, passwords } = this.#options
    const reason = unsuitability(newPassword)
    if (reason !== undefined) return { kind: 'unsuitable', reason }
    const checked = await this.#check({ email: principal.email, address }, oldPassword, () =>
      accounts.byId(principal.id),
    )
    if (checked.kind !== 'right') return checked
    if (!(await accounts.setHash(checked.account, await passwords.hash(newPassword))))
      return { kind: 'invalid', user: principal.id }
    const endedSessions = await this.#endAll(principal.id, 'password-changed', principal.session)
    return { kind: 'changed', endedSessions }
  }

  /** A token for the Labeler's single sign-on; undefined when the account is gone or locked. */
  async labelerSignIn(user: number): Promise<IssuedToken | undefined> {
    const account = await this.#options.accounts.byId(user)
    return account?.isActive ? this.#options.tokens.issueForLabeler(account) : undefined
  }

  /** Within the limits, whether a password is the right one. Whatever is not right takes the same steps. */
  async #check(
    attempt: Attempt,
    password: string,
    find: (email: string) => Promise<Account | undefined>,
  ): Promise<SignInRefusal | RightPassword> {
    const { passwords, attempts } = this.#options
    const admission = await attempts.admit(attempt)
    if (admission.kind === 'limited') return admission
    const account = await find(attempt.email)
    const { matches, isOutdated } = await passwords.verify(password, account?.hash ?? null)
    if (!account?.isActive || !matches) return { kind: 'invalid', user: account?.id }
    await attempts.succeeded(attempt)
    return { kind: 'right', account, isOutdated, admittedAt: admission.at }
  }

  /** Where the gateway may not write users, a hash stays as it is. */
  async #renewHash(account: Account, password: string): Promise<void> {
    const { accounts, passwords } = this.#options
    try {
      await accounts.renewHash(account, await passwords.renew(password))
    } catch (error) {
      if (!(error instanceof TributaryError)) throw error
    }
  }

  async #refuse({ session, user }: FoundToken, reason: 'reuse' | 'account-closed'): Promise<RefreshRefusal> {
    await this.#end(session, reason)
    return { kind: 'refused', reason, user }
  }

  async #end(session: string, reason: EndReason): Promise<boolean> {
    const { store, revocations } = this.#options
    const hasEnded = await store.end(session, reason)
    revocations.add({ sessions: [session] })
    return hasEnded
  }

  async #endAll(user: number, reason: EndReason, except: string | null): Promise<number> {
    const { store, revocations } = this.#options
    const { sessions, epoch } = await store.endAll(user, reason, except)
    revocations.add({ sessions, user, epoch })
    return sessions.length
  }
}
