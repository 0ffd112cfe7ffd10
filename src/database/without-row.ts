import { DatabaseError } from 'pg'

/** Data exceptions: Postgres quotes the value that it could not use, which may be a cell of any row it read. */
const quotesValue = (code: string | undefined) => code?.startsWith('22') === true

/** Takes from an error of Postgres what it quotes of a row, so that no log and no answer has its secrets. */
export function withoutRow<E>(error: E): E {
  if (!(error instanceof DatabaseError)) return error
  error.detail = undefined
  error.where = undefined
  if (!quotesValue(error.code)) return error
  const told = error.message
  error.message = told.replace(/".*"/s, '"…"')
  if (error.stack !== undefined) error.stack = error.stack.replace(told, () => error.message)
  return error
}
