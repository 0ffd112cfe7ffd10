import { catalogue, type ErrorCode } from './catalogue.ts'

export interface TributaryErrorOptions {
  readonly cause?: unknown
  /** Further members of a GraphQL error's `extensions`; never secrets. */
  readonly extensions?: Readonly<Record<string, unknown>>
}

/** An error that may be shown: its message is written for the caller, its code is in the catalogue. */
export class TributaryError extends Error {
  override readonly name = 'TributaryError'
  readonly code: ErrorCode
  readonly extensions: Readonly<Record<string, unknown>>

  constructor(code: ErrorCode, message: string, options: TributaryErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.extensions = { code, retryable: catalogue[code].retryable, ...options.extensions }
  }
}
