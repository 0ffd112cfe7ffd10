import type { ValueOf, Variable } from './variable.ts'

/** The environment, as a program is given it. */
export type Environment = Readonly<Record<string, string | undefined>>

/** Reads variables one by one and keeps what is wrong with them, so that all of it can be told at once. */
export class EnvironmentReader {
  readonly #environment: Environment
  /** One line for each variable that cannot be used. */
  readonly problems: string[] = []

  constructor(environment: Environment) {
    this.#environment = environment
  }

  /** Whether a variable has a text; an empty one counts as absent. */
  has(name: string): boolean {
    return Boolean(this.#environment[name]?.trim())
  }

  /** Its value; after a problem undefined, whatever its type, since nothing is then made of it. */
  read<V extends Variable>(name: string, variable: V): ValueOf<V> {
    const text = this.has(name) ? this.#environment[name]?.trim() : variable.fallback
    if (text === undefined) return undefined as ValueOf<V>
    const result = variable.schema.safeParse(text)
    if (result.success) return result.data as ValueOf<V>
    const shown = variable.secret ? name : `${name}=${JSON.stringify(text)}`
    this.problems.push(`${shown} ${result.error.issues[0]?.message ?? 'cannot be used'}`)
    return undefined as ValueOf<V>
  }

  /** The values of a table of variables, by name. */
  readAll<T extends Record<string, Variable>>(table: T): { [Name in keyof T]: ValueOf<T[Name]> } {
    return Object.fromEntries(
      Object.entries(table).map(([name, variable]) => [name, this.read(name, variable)]),
    ) as { [Name in keyof T]: ValueOf<T[Name]> }
  }
}
