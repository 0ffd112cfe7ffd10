import type { Environment } from '../config/config.ts'

/** What a command gets of the process it runs in. */
export interface Invocation {
  /** Arguments after the command's name. */
  readonly args: readonly string[]
  readonly env: Environment
  /** Writes a line to standard output. */
  readonly print: (line: string) => void
}

/** A command of `tributary`. */
export interface Command {
  /** As typed: `db verify`. */
  readonly name: string
  /** What may follow the name, as shown by `--help`. Default: nothing, and whatever follows is refused. */
  readonly parameters?: string
  /** One line for `--help`. */
  readonly summary: string
  /** @returns the exit status. */
  run(invocation: Invocation): Promise<number>
}
