import { z } from 'zod'
import { captureVariables, sourceCaptureVariables } from './capture-config.ts'
import { changesVariables } from './changes-config.ts'
import { databaseUrl } from './database-url.ts'
import { jobCommands } from './job-commands.ts'
import { labelerVariables } from './labeler-config.ts'
import { replayVariables } from './replay-config.ts'
import { Secret } from './secret.ts'
import { sslModes } from './source-config.ts'
import { type SourceName, sourceNames } from './source-names.ts'
import { trustedIssuers } from './trusted-issuer.ts'
import { oneOf, seconds, type Variable, type VariableWithDefault, wholeNumber } from './variable.ts'

const origin = z.url({
  protocol: /^https?$/,
  error: 'must list origins, as in https://dashboard.example.org',
})

const origins = z
  .string()
  .transform((text) =>
    text
      .split(',')
      .map((part) => part.trim())
      .filter(Boolean),
  )
  .pipe(z.array(origin.transform((text) => new URL(text).origin)))

// An offset such as +09:00 is refused: Postgres reads its sign the other way round.
const timeZone = z.string().refine(
  (name) => {
    if (!/^[a-z]/i.test(name)) return false
    try {
      return new Intl.DateTimeFormat('en', { timeZone: name }) !== undefined
    } catch {
      return false
    }
  },
  { error: 'must be an IANA time zone, as in Asia/Seoul' },
)

const queueName = z
  .string()
  .regex(/^[a-zA-Z0-9_]{1,47}$/, { error: 'must be letters, digits and underscores, 47 at most' })

const hour = 3600
const day = 24 * hour

const secret = z.string().transform((text) => new Secret(text))

// Compared letter by letter, and put before the paths of the well-known documents.
const issuer = z
  .url({
    protocol: /^https?$/,
    error: 'must be the address that clients know the gateway by, as in https://graph.example.org',
  })
  .transform((text) => text.replace(/\/+$/, ''))

/** Settings of the process. */
export const processVariables = {
  NODE_ENV: {
    schema: oneOf(['development', 'production', 'test']),
    fallback: 'development',
    description: 'production turns GraphiQL and suggestions off, and introspection for who has not signed in',
  },
  HOST: {
    schema: z.string(),
    fallback: '127.0.0.1',
    description: 'address to listen on',
  },
  PORT: {
    schema: wholeNumber(0, 65_535),
    fallback: '4000',
    description: 'port to listen on; 0 takes a free one',
  },
  TRIBUTARY_HOME: {
    schema: z.string(),
    fallback: '.tributary',
    description: 'folder of the embedded Postgres that `dev` starts when no database is named',
  },
  JOB_COMMANDS: {
    schema: oneOf(jobCommands),
    fallback: 'none',
    description:
      'rows where workers act on rows that ask for a job, or for its end; else such mutations are refused',
  },
  GPUDEV_RESERVATION_QUEUE: {
    schema: queueName,
    fallback: 'gpu_reservations',
    description: 'pgmq queue on which GPU Dev takes requests for reservations',
  },
  GPUDEV_DISK_QUEUE: {
    schema: queueName,
    fallback: 'disk_operations',
    description: 'pgmq queue on which GPU Dev takes requests for disks',
  },
  GPUDEV_API_KEY_TTL_HOURS: {
    schema: wholeNumber(1, 168),
    fallback: '2',
    description: 'hours that an API key of GPU Dev is good for, where it is made here',
  },
  METRICS_TOKEN: {
    schema: z
      .string()
      .min(16, { error: 'must have 16 characters or more' })
      .transform((text) => new Secret(text)),
    secret: true,
    description: 'what readers of /metrics bring as a bearer token; without it they must be on this machine',
  },
  LOG_LEVEL: {
    schema: z
      .string()
      .transform((text) => text.toLowerCase())
      .pipe(oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])),
    fallback: 'info',
    description: 'least level that is logged',
  },
  LOG_FORMAT: {
    schema: oneOf(['pretty', 'json']),
    description: 'pretty or json; json in production, else pretty',
  },
  CORS_ORIGINS: {
    schema: origins,
    fallback: '',
    description: 'origins, with commas between them, whose pages may read answers',
  },
  TRUST_PROXY: {
    schema: wholeNumber(0, 10),
    fallback: '0',
    description: 'how many proxies in front append to X-Forwarded-For',
  },
} as const satisfies Record<string, Variable>

/** What one request may ask, and for how long. */
export const limitVariables = {
  MAX_BODY_BYTES: {
    schema: wholeNumber(1024, 100 * 2 ** 20),
    fallback: '1048576',
    description: 'bytes of a request body',
  },
  MAX_TOKENS: {
    schema: wholeNumber(1, 100_000),
    fallback: '2000',
    description: 'tokens of a GraphQL document',
  },
  MAX_DEPTH: {
    schema: wholeNumber(1, 100),
    fallback: '16',
    description: 'nesting of fields, through fragments too',
  },
  MAX_ALIASES: {
    schema: wholeNumber(0, 10_000),
    fallback: '50',
    description: 'aliases of an operation, through fragments too',
  },
  MAX_DIRECTIVES: {
    schema: wholeNumber(0, 10_000),
    fallback: '50',
    description: 'directives of an operation, through fragments too',
  },
  MAX_FIELDS: {
    schema: wholeNumber(1, 100_000),
    fallback: '1000',
    description: 'fields of an operation, through fragments too; repeated ones count each time',
  },
  MAX_COST: {
    schema: wholeNumber(1, 10_000_000),
    fallback: '10000',
    description: 'objects that an answer may come to, by its page sizes',
  },
  MAX_CONCURRENT_OPERATIONS: {
    schema: wholeNumber(1, 10_000),
    fallback: '32',
    description: 'operations that are executed at once; of a subscription only its start counts',
  },
  MAX_QUEUED_OPERATIONS: {
    schema: wholeNumber(0, 100_000),
    fallback: '256',
    description: 'operations that wait for their turn; further ones are turned away',
  },
  REQUEST_TIMEOUT: {
    schema: seconds(hour),
    fallback: '30',
    description: 'seconds for a query or mutation to wait for its turn and execute',
  },
  RECEIVE_TIMEOUT: {
    schema: seconds(hour),
    fallback: '15',
    description: 'seconds for a client to send its request',
  },
  KEEP_ALIVE_TIMEOUT: {
    schema: seconds(hour),
    fallback: '5',
    description: 'seconds that an idle connection is kept; behind a proxy, longer than the proxy keeps it',
  },
  MAX_SOCKETS_PER_ADDRESS: {
    schema: wholeNumber(1, 1_000_000),
    fallback: '500',
    description: 'WebSockets of one address, and as many streams of events; behind a proxy, set TRUST_PROXY',
  },
  MAX_OPERATIONS_PER_SOCKET: {
    schema: wholeNumber(1, 10_000),
    fallback: '100',
    description: 'operations that a WebSocket runs at once',
  },
  MAX_UNREAD_BYTES: {
    schema: wholeNumber(1024, 2 ** 30),
    fallback: '4194304',
    description: 'bytes that may wait for the client of a WebSocket or a stream of events to read them',
  },
  SHUTDOWN_GRACE: {
    schema: seconds(hour),
    fallback: '10',
    description: 'seconds for requests under way to finish when the process stops',
  },
} as const satisfies Record<string, Variable>

/** Settings of signing in. */
export const authVariables = {
  AUTH_ISSUER: {
    schema: issuer,
    description:
      'address that the gateway has in its tokens, the same on every replica; production signs in only with it',
  },
  AUTH_AUDIENCE: {
    schema: z.string().max(255),
    fallback: 'tributary',
    description: 'audience of the tokens for this graph',
  },
  AUTH_SIGNING_ALGORITHM: {
    schema: oneOf(['EdDSA', 'ES256']),
    fallback: 'EdDSA',
    description: 'what new signing keys are made for',
  },
  AUTH_SIGNING_KEY: {
    schema: secret,
    secret: true,
    description: 'private key, PEM or JWK, or a JWK Set whose first key signs; else keys are in the database',
  },
  AUTH_SIGNING_KEY_FILE: {
    schema: z.string(),
    description: 'file with the same',
  },
  ACCESS_TOKEN_LIFETIME: {
    schema: wholeNumber(1, day),
    fallback: '3600',
    description: 'seconds for which an access token is good',
  },
  REFRESH_TOKEN_LIFETIME: {
    schema: wholeNumber(1, 365 * day),
    fallback: '604800',
    description: 'seconds for which a refresh token is good',
  },
  AUTH_CLOCK_TOLERANCE: {
    schema: wholeNumber(0, 300),
    fallback: '5',
    description: 'seconds by which clocks may differ',
  },
  JWT_SECRET: {
    schema: secret,
    secret: true,
    description: "key of the platform backend's HS256 tokens, which are accepted while it is set",
  },
  SERVICE_JWT_SECRET: {
    schema: secret,
    secret: true,
    description: "key of the HS256 tokens for the Labeler's single sign-on",
  },
  GATEWAY_DATABASE_URL: {
    schema: databaseUrl,
    secret: true,
    description:
      'postgresql:// URL of the database with the schema tributary; without it, the platform database',
  },
  PASSWORD_HASH: {
    schema: oneOf(['bcrypt', 'argon2id']),
    fallback: 'bcrypt',
    description: 'what new password hashes are made with; argon2id only where every reader of users knows it',
  },
  BCRYPT_COST: {
    schema: wholeNumber(4, 16),
    fallback: '12',
    description: 'cost of new bcrypt hashes, as a power of two',
  },
  TRUSTED_ISSUERS: {
    schema: trustedIssuers,
    fallback: '[]',
    description:
      'JSON list of outside issuers: issuer, jwksUri, audiences, and if need be algorithms, claims, clockTolerance',
  },
} as const satisfies Record<string, Variable>

/** Settings of `tributary db init` alone, which makes databases and roles. */
export const initVariables = {
  ADMIN_DATABASE_URL: {
    schema: databaseUrl,
    secret: true,
    description: 'postgresql:// URL of an administrator, who may make databases and roles',
  },
  LABELER_PASSWORD: {
    schema: secret,
    secret: true,
    description: "password of the Labeler's role when it is made; without it, a random one that is printed",
  },
} as const satisfies Record<string, Variable>

/** Settings of every source's pool; each may be overridden for one source by its prefix. */
export const poolVariables = {
  DB_MAX_CONNECTIONS: {
    schema: wholeNumber(1, 1000),
    fallback: '5',
    description: 'connections in a pool',
  },
  DB_STALE_TIMEOUT: {
    schema: seconds(24 * hour),
    fallback: '300',
    description: 'seconds after which an idle connection is closed',
  },
  DB_CONNECTION_TIMEOUT: {
    schema: seconds(hour),
    fallback: '30',
    description: 'seconds for opening a connection',
  },
  DB_STATEMENT_TIMEOUT: {
    schema: seconds(hour),
    fallback: '15',
    description: 'seconds for a statement',
  },
  DB_IDLE_IN_TRANSACTION_TIMEOUT: {
    schema: seconds(hour),
    fallback: '15',
    description: 'seconds that a transaction may idle',
  },
  DB_SSL_MODE: {
    schema: oneOf(sslModes),
    fallback: 'prefer',
    description: `${sslModes.join(', ')}; a URL's own sslmode goes before it`,
  },
} as const satisfies Record<string, VariableWithDefault<unknown>>

export type PoolVariable = keyof typeof poolVariables

const urlOf = ({ name, variable }: SourceName): Record<string, Variable> => ({
  [variable]: { schema: databaseUrl, secret: true, description: `postgresql:// URL of the ${name} database` },
})

const timeZoneOf = ({ name, timeZoneVariable }: SourceName): Record<string, Variable> =>
  timeZoneVariable === undefined
    ? {}
    : {
        [timeZoneVariable]: {
          schema: timeZone,
          fallback: 'UTC',
          description: `IANA zone in which ${name} keeps times without zone`,
        },
      }

const overridesOf = ({ name, prefix }: SourceName): Record<string, Variable> =>
  Object.fromEntries(
    Object.entries(poolVariables).map(([variable, { schema, description }]) => [
      `${prefix}_${variable}`,
      { schema, description: `${description}, of ${name} alone` },
    ]),
  )

const merged = (parts: readonly Record<string, Variable>[]): Record<string, Variable> =>
  Object.assign({}, ...parts)

/** Settings of single sources, made from the table of sources. */
export const sourceVariables = merged(
  sourceNames.map((source) => ({ ...urlOf(source), ...timeZoneOf(source) })),
)

/** Overrides of the pools' settings for single sources. */
export const overrideVariables = merged(sourceNames.map(overridesOf))

/** Every variable that is read, by name. */
export const variables: Readonly<Record<string, Variable>> = {
  ...sourceVariables,
  ...processVariables,
  ...authVariables,
  ...initVariables,
  ...replayVariables,
  ...labelerVariables,
  ...limitVariables,
  ...poolVariables,
  ...overrideVariables,
  ...changesVariables,
  ...captureVariables,
  ...sourceCaptureVariables,
}
