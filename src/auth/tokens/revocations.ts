/** What a token is known by when it is asked whether it has been taken back. */
export interface TokenIdentity {
  /** The session (refresh family) it belongs to; null for tokens that belong to none. */
  readonly session: string | null
  /** The token's own id (`jti`); null for tokens that bear none. */
  readonly jti: string | null
  /** The person it stands for; null for a program, and for a person who is not known yet. */
  readonly userId: number | null
  /** When it was issued, in whole seconds as tokens have it; null where the token does not say. */
  readonly issuedAt: Date | null
}

/**
 * Which tokens have been taken back before they expire. Asked at every use of a token, so the answer comes from
 * memory; whoever holds the memory keeps it in step with the other replicas.
 */
export interface Revocations {
  isRevoked(token: TokenIdentity): boolean
  /**
   * Has the listener called after each change, for what outlives a request, such as an open socket.
   *
   * @returns what ends it.
   */
  onChange(listener: () => void): () => void
}

/** Takes nothing back: where there is no state to keep it in. */
export const noRevocations: Revocations = { isRevoked: () => false, onChange: () => () => {} }
