import type { Address } from './connection-options.ts'

/** What an error of the driver says about the source. */
export type FailureKind =
  /** The server cannot be reached, or ended the connection: every statement would fail now. */
  | 'connection'
  /** This statement took too long, or waited too long for a lock. */
  | 'timeout'
  /** The database is not as expected. */
  | 'mismatch'
  /** The statement's own fault. */
  | 'statement'

/** What the error may carry: SQLSTATE or errno, and where it happened. */
interface DriverError extends Error {
  readonly code?: string
  readonly hostname?: string
}

const mismatches = new Set(['42P01', '42703', '42501', '42804', '3F000'])
const timeouts = new Set(['57014', '55P03', '25P03', '25P04'])
const disconnections = new Set(['57P01', '57P02', '57P03', '57P05', '53300', '28P01', '28000', '3D000'])
const operatorsFault = new Set(['28P01', '28000', '3D000', '42501', 'ENOTFOUND'])

/** What pg says without a code when a connection ends, does not come about or is silent. */
const connectionLost =
  /^Connection terminated|^Query read timeout$|^timeout expired$|does not support SSL|establishing an SSL/

const codeOf = (error: Error): string | undefined => {
  const { code } = error as DriverError
  return typeof code === 'string' ? code : undefined
}

const socketFailure = /^(E[A-Z0-9]+$|EAI_|ERR_SSL_|ERR_TLS_|CERT_|UNABLE_|SELF_|DEPTH_|HOSTNAME_)/

/** Errors of sockets and of TLS have names for codes, those of Postgres five digits and capitals. */
const isSqlState = (code: string) => /^[0-9A-Z]{5}$/.test(code) && /\d/.test(code)

export function classify(error: Error): FailureKind {
  const code = codeOf(error)
  if (code === undefined) return connectionLost.test(error.message) ? 'connection' : 'statement'
  if (!isSqlState(code)) return socketFailure.test(code) ? 'connection' : 'statement'
  if (mismatches.has(code)) return 'mismatch'
  if (timeouts.has(code)) return 'timeout'
  return code.startsWith('08') || disconnections.has(code) ? 'connection' : 'statement'
}

/** Whether only an operator can mend it, so that trying again soon is of no use. */
export const needsOperator = (error: Error): boolean => operatorsFault.has(codeOf(error) ?? '')

/** Whether the server has no connection left, for anybody or for this role or database. */
export const isExhaustion = (error: Error): boolean => codeOf(error) === '53300'

/** Whether another way of encrypting may succeed where this one failed. */
export function mayDependOnEncryption(error: Error): boolean {
  const code = codeOf(error) ?? ''
  return (
    /SSL connection/.test(error.message) ||
    code === '28000' ||
    /^(ERR_|EPROTO|CERT_|UNABLE_|SELF_)/.test(code)
  )
}

/** What a reason calls the place. */
interface Names {
  readonly server: string
  readonly host: string
  readonly database: string
  readonly role: string
}

/** For those who are not to know the place. */
const unnamed: Names = {
  server: 'its address',
  host: 'in its URL',
  database: 'as in its URL',
  role: 'in its URL',
}

/** Why a source cannot be reached, in one line that names the place and no secret. */
export function reasonOf(error: Error, { host, port, database, role }: Address): string {
  const server = host.startsWith('/') ? host : `${host}:${port}`
  const [message] = error.message.split('\n', 1)
  return knownReason(error, { server, host, database, role }) ?? `${server}: ${message}`
}

/** The same in words that name nothing. */
export const outlineOf = (error: Error): string => knownReason(error, unnamed) ?? 'it cannot be used'

function knownReason(error: Error, { server, host, database, role }: Names): string | undefined {
  switch (codeOf(error)) {
    case 'ECONNREFUSED':
    case 'ENOENT':
      return `no server listens at ${server}`
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `the host ${host} is not known; correct it in the URL, or mend the name service`
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return `no network leads to ${server}`
    case 'ECONNRESET':
    case 'EPIPE':
      return `the connection to ${server} was cut`
    case 'ETIMEDOUT':
      return `${server} does not answer`
    case '28P01':
      return `${server} refuses the password of the role ${role}; correct it in the URL`
    case '3D000':
      return `${server} has no database ${database}; correct its name in the URL`
    case '42501':
      return `${server} does not let the role ${role} connect to the database ${database}; GRANT CONNECT`
    case '53300':
      return `${server} has no connection left`
    case '57P01':
    case '57P02':
      return `${server} ended the connection: it is shutting down, or an administrator did`
    case '57P03':
      return `${server} is starting up or shutting down`
  }
  if (/^(CERT_|UNABLE_|SELF_|DEPTH_)/.test(codeOf(error) ?? ''))
    return `the certificate of ${server} is not trusted; name its authority's with sslrootcert in the URL`
  if (codeOf(error) === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return `the certificate of ${server} is another host's; correct the host in the URL, or set the mode to verify-ca`
  if (/timeout/.test(error.message)) return `${server} does not answer`
  if (/^Connection terminated/.test(error.message)) return `the connection to ${server} was cut`
  if (/does not support SSL/.test(error.message))
    return `${server} does not offer TLS; set the mode to disable or prefer`
  return undefined
}
