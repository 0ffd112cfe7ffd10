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

export class LabelerFailure extends Error {
  readonly kind: LabelerFailureKind

  constructor(kind: LabelerFailureKind, message: string, options?: ErrorOptions) {
    super(message, options)
    this.kind = kind
  }
}
