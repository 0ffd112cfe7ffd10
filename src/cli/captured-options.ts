import { parseArgs } from 'node:util'
import { TributaryError } from '../errors/tributary-error.ts'
import type { Invocation } from './command.ts'

const options = {
  only: { type: 'string' },
  url: { type: 'string' },
  print: { type: 'boolean' },
} as const

type Options = { readonly only?: string; readonly url?: string; readonly print?: boolean }

/** The options of a command about captures. @throws TributaryError CONFIG_INVALID for any other. */
export function parsedOptions({ args }: Invocation, names: readonly (keyof Options)[]): Options {
  try {
    const taken = Object.fromEntries(names.map((name) => [name, options[name]]))
    return parseArgs({ args: [...args], options: taken }).values as Options
  } catch (error) {
    // What it found is not shown: it may be part of a URL.
    const message = `takes --${names.join(', --')}; see tributary --help.`
    throw new TributaryError('CONFIG_INVALID', message, { cause: error })
  }
}
