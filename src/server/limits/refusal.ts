import type { ErrorCode } from '../../errors/catalogue.ts'
import { TributaryError } from '../../errors/tributary-error.ts'

export interface Refusal {
  readonly code: ErrorCode
  /** What is counted, in the plural: `aliases`. */
  readonly counted: string
  readonly limit: number
  readonly found: number
  /** What to do instead, as a sentence. */
  readonly remedy: string
}

/** @throws TributaryError with the refusal's code, `limit` and `found`, when more is found than allowed. */
export function refuseAbove({ code, counted, limit, found, remedy }: Refusal): void {
  if (found <= limit) return
  throw new TributaryError(code, `The document has ${found} ${counted}; ${limit} are allowed. ${remedy}`, {
    extensions: { limit, found },
  })
}
