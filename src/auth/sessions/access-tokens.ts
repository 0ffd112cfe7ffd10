import type { Account } from '../accounts.ts'
import type { Audience } from '../principal.ts'

/** Whom an access token is for. */
export interface Grant {
  readonly account: Account
  readonly session: string
  readonly audience: Audience
}

export interface IssuedToken {
  readonly token: string
  readonly expiresAt: Date
}

/** Who signs tokens. */
export interface AccessTokens {
  /** @throws TributaryError NO_SIGNING_KEY. */
  issue(grant: Grant): Promise<IssuedToken>
  /**
   * A token for the Labeler's own single sign-on.
   *
   * @throws TributaryError NOT_AVAILABLE where its key is not set.
   */
  issueForLabeler(account: Account): Promise<IssuedToken>
}
