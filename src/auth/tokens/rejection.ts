/** Why a token is not accepted: for the log, never for the caller. Quotes nothing of the token. */
export class Rejection extends Error {
  override readonly name = 'Rejection'
}

/** @throws Rejection unless the condition holds. */
export function demand(condition: boolean, otherwise: string): asserts condition {
  if (!condition) throw new Rejection(otherwise)
}
