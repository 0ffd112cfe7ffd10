/** What a code means, how a caller mends it, and how it travels. */
export interface ErrorEntry {
  readonly meaning: string
  readonly remedy: string
  /** HTTP status where the whole request fails with it. */
  readonly status: number
  /** Whether trying the same again may succeed. */
  readonly retryable: boolean
}

const entry = (status: number, retryable: boolean, meaning: string, remedy: string): ErrorEntry => ({
  meaning,
  remedy,
  status,
  retryable,
})

/**
 * Every code that an answer, a log line or the command line may carry. The catalogue is the documentation.
 */
export const catalogue = {
  CONFIG_INVALID: entry(
    500,
    false,
    'The environment does not describe a gateway.',
    'Correct the variables named.',
  ),
  NO_SOURCE: entry(
    500,
    false,
    'Not one database can be used.',
    'Correct what the lines name, or run `tributary db verify`.',
  ),
  PORT_TAKEN: entry(500, false, 'Another program listens on the port.', 'Stop it, or set PORT.'),
  EMBEDDED_IN_USE: entry(
    500,
    false,
    'Another process runs the embedded Postgres of this folder.',
    'Stop it, or run in another folder.',
  ),
  EMBEDDED_UNAVAILABLE: entry(
    500,
    false,
    'The embedded Postgres cannot run here.',
    'Set DATABASE_URL to a server of your own.',
  ),
  MIGRATION_FAILED: entry(
    500,
    false,
    'A migration did not apply; its transaction was rolled back.',
    'Mend what the message names and migrate again.',
  ),
  BACKUP_FAILED: entry(
    500,
    false,
    'A backup was not made, or cannot be restored as it is.',
    'Mend what the message names; a backup without a manifest is none.',
  ),
  SOURCE_NOT_CONFIGURED: entry(
    200,
    false,
    'No URL is set for the database that holds the field.',
    'Set its URL.',
  ),
  SOURCE_UNAVAILABLE: entry(
    200,
    true,
    'The database that holds the field cannot be reached.',
    'Try again; the rest of the answer holds.',
  ),
  SOURCE_MISMATCH: entry(
    200,
    false,
    'The database lacks what the field reads, or has it otherwise.',
    'Run `tributary db verify` and follow its lines.',
  ),
  SOURCE_TIMEOUT: entry(
    200,
    true,
    'The database did not answer in the time allowed.',
    'Ask for less, or try again.',
  ),
  SOURCE_OVERLOADED: entry(200, true, 'Too many requests wait for the database already.', 'Try again later.'),
  BAD_INPUT: entry(400, false, 'An argument has a value that cannot be used.', 'Correct the argument named.'),
  BAD_CURSOR: entry(
    400,
    false,
    'The cursor was not made by this connection in this order.',
    'Use a cursor of the same field and orderBy.',
  ),
  BAD_ID: entry(400, false, 'The id was not made by this graph.', 'Use an `id` that the graph gave.'),
  PAGE_SIZE: entry(
    400,
    false,
    'A page was asked for that is negative or too long.',
    'Ask for 0 to 200 rows.',
  ),
  FILTER_TOO_BROAD: entry(
    400,
    false,
    'A condition on another database holds for more rows than can be carried over.',
    'Narrow the condition.',
  ),
  DOCUMENT_TOO_LARGE: entry(400, false, 'The document has more tokens than allowed.', 'Split it.'),
  DEPTH_LIMIT: entry(
    400,
    false,
    'The document or its variables nest deeper than allowed.',
    'Ask in several requests.',
  ),
  ALIAS_LIMIT: entry(400, false, 'The document has more aliases than allowed.', 'Ask in several requests.'),
  DIRECTIVE_LIMIT: entry(
    400,
    false,
    'The document has more directives than allowed.',
    'Ask in several requests.',
  ),
  FIELD_LIMIT: entry(
    400,
    false,
    'The document selects more fields than allowed.',
    'Ask in several requests.',
  ),
  COST_LIMIT: entry(
    400,
    false,
    'The document may return more than one request may.',
    'Ask for smaller pages.',
  ),
  BODY_TOO_LARGE: entry(413, false, 'The request body is larger than allowed.', 'Send less.'),
  REQUEST_TIMEOUT: entry(504, true, 'The request took longer than allowed.', 'Ask for less, or try again.'),
  SERVER_OVERLOADED: entry(
    503,
    true,
    'More operations wait to be executed than may.',
    'Try again when `Retry-After` says; behind a load balancer, run more replicas.',
  ),
  CROSS_SITE_REQUEST: entry(
    403,
    false,
    'A request that a foreign page could send carries no proof that it was meant.',
    'Send `graphql-require-preflight: 1` or a JSON body.',
  ),
  PERSISTED_QUERY_NOT_SUPPORTED: entry(
    400,
    false,
    'Persisted queries are not known here.',
    'Send the document.',
  ),
  BAD_REQUEST: entry(
    400,
    false,
    'The request is not one of GraphQL over HTTP.',
    'Send a JSON object with `query`.',
  ),
  NOT_FOUND: entry(404, false, 'There is nothing at this path.', 'Use /graphql.'),
  METHOD_NOT_ALLOWED: entry(
    405,
    false,
    'The path does not take this method, or GET carries a mutation.',
    'Use POST.',
  ),
  NOT_ACCEPTABLE: entry(
    406,
    false,
    'None of the media types asked for can be given.',
    'Accept application/json.',
  ),
  UNSUPPORTED_MEDIA_TYPE: entry(415, false, 'The body is not JSON.', 'Send application/json.'),
  RECEIVE_TIMEOUT: entry(
    408,
    true,
    'The request was not sent in the time allowed.',
    'Send it again, without pausing.',
  ),
  HEADERS_TOO_LARGE: entry(431, false, "The request's headers are larger than allowed.", 'Send less.'),
  EXPECTATION_FAILED: entry(
    417,
    false,
    'The header Expect asks for something other than 100-continue.',
    'Send no Expect.',
  ),
  GRAPHQL_PARSE_FAILED: entry(
    400,
    false,
    'The document is not GraphQL.',
    'Correct it where the message says.',
  ),
  GRAPHQL_VALIDATION_FAILED: entry(
    400,
    false,
    'The document does not fit the schema.',
    'Correct it where the message says.',
  ),
  UNAUTHENTICATED: entry(
    401,
    false,
    'The Authorization header holds nothing that is accepted here, or no longer.',
    'Sign in again, or send no header.',
  ),
  NO_SIGNING_KEY: entry(
    503,
    true,
    'No key is there to sign tokens with.',
    'Run `tributary db migrate` for GATEWAY_DATABASE_URL, or set AUTH_SIGNING_KEY.',
  ),
  GATEWAY_STATE_MISSING: entry(
    503,
    false,
    'The gateway has no database to keep its own state in: sessions, limits, audit.',
    'Run `tributary db migrate gateway`, with GATEWAY_DATABASE_URL where the platform database may not hold it.',
  ),
  NOT_AVAILABLE: entry(
    200,
    false,
    'This installation is not set up for what was asked.',
    'Ask the operator for the setting that the message names.',
  ),
  CHANGE_LOG_UNUSABLE: entry(
    503,
    true,
    'The log that changes are kept in cannot be written or read.',
    'See what the message names: the disk, the folder’s rights (CHANGE_LOG_DIR), or Redis.',
  ),
  WATCHED_ELSEWHERE: entry(
    503,
    true,
    'Another process captures the database, into a log that this one does not read.',
    'Give both the same REDIS_URL, or stop one of them.',
  ),
  TOO_SLOW: entry(
    429,
    true,
    'The client reads a subscription more slowly than there is to tell.',
    'Subscribe again `after` the cursor among the extensions; read faster, or ask for a lower `maxRate`.',
  ),
  TOO_MANY_SOCKETS: entry(429, true, 'The address has more sockets open than allowed.', 'Close some.'),
  TOO_MANY_OPERATIONS: entry(429, true, 'The socket runs more operations than allowed.', 'Complete some.'),
  STOPPING: entry(503, true, 'The gateway is being stopped.', 'Connect again.'),
  INTERNAL: entry(500, false, 'Something failed that should not have.', 'Tell the operator the errorId.'),
} as const satisfies Record<string, ErrorEntry>

export type ErrorCode = keyof typeof catalogue
