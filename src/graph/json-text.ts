/** Deeper JSON overflows the stack of one parser or another. */
const deepestJson = 64

/** Whether a JSON value has more levels than can be read; told level by level, without a stack. */
export function isTooDeep(value: unknown, deepest = deepestJson): boolean {
  let level: readonly unknown[] = [value]
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > deepest) return true
    level = level.flatMap((member) =>
      typeof member === 'object' && member !== null ? Object.values(member) : [],
    )
  }
  return false
}

export interface JsonTextOptions {
  /** What the value is called in an error. */
  readonly what: string
  /** Answers a text or a name of a member as it was; throws where no database can hold it. */
  readonly storable: (text: string) => string
  /** Makes the error of a value that nests too deep. */
  readonly failure: (message: string) => Error
}

/** A JSON value as text that Postgres can make json or jsonb of. */
export function jsonText(value: unknown, { what, storable, failure }: JsonTextOptions): string {
  if (isTooDeep(value)) throw failure(`${what} nests deeper than ${deepestJson}.`)
  return JSON.stringify(value, (name, member: unknown) => {
    storable(name)
    return typeof member === 'string' ? storable(member) : member
  })
}
