import { DatabaseError } from 'pg'

/** Takes from an error what Postgres quotes of the row that breaks a constraint, so that no log has its secrets. */
export function withoutRow(error: unknown): unknown {
  if (error instanceof DatabaseError) {
    error.detail = undefined
    error.where = undefined
  }
  return error
}
