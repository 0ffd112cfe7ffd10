/** Why a call of the Labeler came to nothing. */
export type LabelerFailureKind =
  /** No connection, or it was cut. */
  | 'unreachable'
  /** It took too long. */
  | 'silent'
  /** It is there and says that it cannot: 5xx, 429. */
  | 'failing'
  /** It does not believe us. */
  | 'refused'
  /** Its answer is not one of its API. */
  | 'wrong'

/** The kinds for everybody, in words that name nothing. */
export const outlines: Readonly<Record<LabelerFailureKind, string>> = {
  unreachable: 'there is no connection',
  silent: 'it does not answer',
  failing: 'it answers that it cannot',
  refused: 'it refuses the credentials',
  wrong: 'it answers otherwise than expected',
}

export interface LabelerFailureOptions extends ErrorOptions {
  /** Milliseconds for which it asks to be left alone. */
  readonly waitMs?: number | undefined
}

export class LabelerFailure extends Error {
  readonly kind: LabelerFailureKind
  readonly waitMs: number

  constructor(
    kind: LabelerFailureKind,
    message: string,
    { waitMs = 0, ...options }: LabelerFailureOptions = {},
  ) {
    super(message, options)
    this.kind = kind
    this.waitMs = waitMs
  }
}
