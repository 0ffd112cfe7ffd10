import type { TributaryError } from '../errors/tributary-error.ts'

/**
 * Takes a typed error through Prisma, which rewrites every error that has a `code` and hands on the others as they
 * are. `Source.guard` takes the typed error out again.
 */
export class Refusal extends Error {
  readonly error: TributaryError

  constructor(error: TributaryError) {
    super(error.message, { cause: error })
    this.error = error
  }
}

/** What stands between a source's connections and what is known of its database. */
export interface Gate {
  readonly source: string
  /** Why nothing may be sent now; undefined while the source is available. */
  refusal(): Refusal | undefined
  /** A statement was answered. */
  answered(): void
  /** A connection could not be opened. Answers the error to hand on. */
  unreachable(error: Error): Error
  /** A statement failed. Answers the error to hand on. */
  failed(error: Error): Error
}
