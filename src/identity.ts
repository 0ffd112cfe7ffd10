import type { Logger } from 'pino'
import { accountLookup } from './auth/account-lookup.ts'
import { AccountWatch } from './auth/account-watch.ts'
import { Accounts } from './auth/accounts.ts'
import { type ApiKeyKind, ApiKeys } from './auth/api-keys/api-keys.ts'
import { AuditLog } from './auth/audit-log.ts'
import { authenticate } from './auth/authenticate.ts'
import { keyLoader } from './auth/keys/key-loader.ts'
import { type KeyRing, openKeyRing } from './auth/keys/key-ring.ts'
import { postgresKeyStore } from './auth/keys/postgres-key-store.ts'
import { lastAccounts } from './auth/last-accounts.ts'
import { SignInAttempts } from './auth/limits/sign-in-attempts.ts'
import { Passwords } from './auth/passwords/passwords.ts'
import type { UserPrincipal } from './auth/principal.ts'
import type { Queryable } from './auth/queryable.ts'
import type { RequestSession } from './auth/request-session.ts'
import type { Scopes } from './auth/scope.ts'
import type { AccessTokens } from './auth/sessions/access-tokens.ts'
import { startHousekeeping } from './auth/sessions/housekeeping.ts'
import { SessionRevocations } from './auth/sessions/session-revocations.ts'
import { SessionService } from './auth/sessions/session-service.ts'
import { SessionStore } from './auth/sessions/session-store.ts'
import { tokenCredentials } from './auth/token-credentials.ts'
import { issueLabelerToken, TokenIssuer } from './auth/tokens/issue-token.ts'
import type { TokenIdentity } from './auth/tokens/revocations.ts'
import { tokenStrategies } from './auth/tokens/strategies.ts'
import { createTokenVerifier } from './auth/tokens/verify-token.ts'
import type { AuthConfig } from './config/auth-config.ts'
import type { Config } from './config/config.ts'
import { gathered } from './database/gathered.ts'
import type { Source } from './database/source.ts'
import { StateDatabase } from './database/state-database.ts'
import { TributaryError } from './errors/tributary-error.ts'
import type { ConnectionSecurity } from './server/credential.ts'
import type { RequestInfo } from './server/exchange.ts'

/** Who comes in, and how: tokens, sessions, and the state that they are kept in. */
export interface Identity extends AsyncDisposable {
  /** The gateway's own database. */
  readonly state: Source
  readonly keys: KeyRing
  /**
   * Who sends a request.
   *
   * @throws TributaryError UNAUTHENTICATED, or the code of a source that had to be asked.
   */
  sessionOf(request: RequestInfo): Promise<RequestSession>
  /** Who is at the other end of a socket, and until when. */
  readonly connections: ConnectionSecurity
}

export interface IdentityOptions {
  readonly config: Config
  /** The source that holds the accounts. */
  readonly users: Source
  /** What people belong to. */
  readonly scopes: Scopes
  /** Systems that issue keys of their own. */
  readonly apiKeyKinds: readonly ApiKeyKind[]
  readonly log: Logger
}

/** Opens the gateway's state and its keys. Never fails for a database that cannot be reached: it is tried again. */
export async function startIdentity({
  config,
  users,
  scopes,
  apiKeyKinds,
  log,
}: IdentityOptions): Promise<Identity> {
  await using cleanup = new AsyncDisposableStack()
  const { auth } = config
  const state = cleanup.use(new StateDatabase(config.gatewayDatabase, log))
  await state.start()
  const keys = cleanup.use(
    await openKeyRing({ load: keyLoader(auth, postgresKeyStore(state.source.pool)), log }),
  )
  const revocations = cleanup.use(
    new SessionRevocations({ state, tokenLifetime: auth.accessTokenLifetime, log }),
  )
  await revocations.start()
  cleanup.use(startHousekeeping(state, log))

  const accounts = new Accounts(queryableOf(users))
  const accountWatch = cleanup.use(new AccountWatch({ accounts }))
  const verify = createTokenVerifier({
    strategies: tokenStrategies({ config: auth, keys, log }),
    revocations,
    log,
    clockTolerance: auth.clockTolerance,
  })
  const loadUser = lastAccounts(accountLookup(accounts, gathered))
  const apiKeys = apiKeyKinds.map((kind) => new ApiKeys({ kind, log }))
  const strategies = [...apiKeys, tokenCredentials({ verify, revocations, loadUser, log })]
  const audit = new AuditLog(state)
  const passwords = new Passwords({
    scheme: auth.passwordHash,
    bcryptCost: auth.bcryptCost,
    schemesInUse: () => accounts.schemesInUse(),
  })
  const sessions = new SessionService({
    accounts,
    passwords,
    attempts: new SignInAttempts(state),
    store: new SessionStore(state, auth.refreshTokenLifetime),
    revocations,
    tokens: accessTokens(auth, keys),
  })
  const owned = cleanup.move()
  return {
    state: state.source,
    keys,
    connections: {
      authenticate: (headers) => authenticate(headers, { strategies }),
      onRevoked: (principal, listener) => {
        const ends =
          principal.kind === 'user'
            ? [
                accountWatch.watch(principal.id, listener),
                revocations.onChange(() => {
                  if (revocations.isRevoked(identityOf(principal))) listener()
                }),
              ]
            : principal.kind === 'tenant' || principal.kind === 'gpuUser'
              ? apiKeys.map((keysOfKind) => keysOfKind.onRevoked(principal, listener))
              : []
        return () => {
          for (const end of ends) end()
        }
      },
    },
    sessionOf: async ({ headers, address, id }) => ({
      principal: await authenticate(headers, { strategies }),
      address,
      userAgent: headers['user-agent'],
      requestId: id,
      sessions,
      passwords,
      audit,
      state,
      scopes,
      forgetKeys: (matches) => {
        for (const keysOfKind of apiKeys) keysOfKind.forget(matches)
      },
      jobCommands: config.jobCommands,
      gpuDev: config.gpuDev,
    }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

/** What is left of a token in the principal that came in by it. */
const identityOf = ({ session, id }: UserPrincipal): TokenIdentity => ({
  session,
  userId: id,
  jti: null,
  issuedAt: null,
})

const queryableOf = (source: Source): Queryable => ({
  async query<Row extends object>(statement: string, values: readonly unknown[] = []) {
    const { rows } = await source.guard(() => source.pool.query<Row>(statement, [...values]))
    return rows
  },
})

/** Signs as far as the settings allow. */
function accessTokens(auth: AuthConfig, keys: KeyRing): AccessTokens {
  const { issuer, audience, accessTokenLifetime, serviceJwtSecret: secret } = auth
  const signer =
    issuer === null ? undefined : new TokenIssuer({ issuer, audience, keys, accessTokenLifetime })
  return {
    async issue({ account, session, audience: recipient }) {
      if (!signer)
        throw new TributaryError('NOT_AVAILABLE', 'Nobody can sign in here: AUTH_ISSUER is not set.')
      return signer.issueAccessToken({ user: account, session, audience: recipient })
    },
    async issueForLabeler(account) {
      if (secret) return issueLabelerToken(account, { secret })
      throw new TributaryError(
        'NOT_AVAILABLE',
        'The Labeler’s single sign-on cannot be used here: SERVICE_JWT_SECRET is not set.',
      )
    },
  }
}
