import type { Environment } from '../config/config.ts'
import { TributaryError } from '../errors/tributary-error.ts'
import type { Command } from './command.ts'
import { commands } from './commands.ts'
import { help } from './help.ts'
import { version } from './version.ts'

const print = (line: string) => void process.stdout.write(`${line}\n`)
const complain = (line: string) => void process.stderr.write(`${line}\n`)

/** The command whose name the arguments begin with, and what follows the name. */
function find(argv: readonly string[]): { command: Command; args: string[] } | undefined {
  for (const command of commands) {
    const words = command.name.split(' ')
    if (words.every((word, index) => argv[index] === word)) return { command, args: argv.slice(words.length) }
  }
  return undefined
}

/** Whoever reads may go before we do: `tributary schema | head`, `npm start | tee` at Ctrl-C, a closed terminal. */
function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
}

/**
 * The command line.
 *
 * @returns the exit status: 0 well, 1 failed, 2 not understood.
 */
export async function run(argv: readonly string[], env: Environment): Promise<number> {
  outliveReaders()
  if (argv.includes('--version')) {
    print(version())
    return 0
  }
  if (argv.length === 0 || argv.includes('--help') || argv[0] === 'help') {
    print(help())
    return 0
  }
  const found = find(argv)
  if (!found) {
    complain(`tributary: there is no command "${argv.join(' ')}"; see tributary --help.`)
    return 2
  }
  const { command, args } = found
  if (args.length > 0 && command.parameters === undefined) {
    complain(`tributary ${command.name}: takes no "${args.join(' ')}"; see tributary --help.`)
    return 2
  }
  try {
    return await command.run({ args, env, print })
  } catch (error) {
    if (!(error instanceof TributaryError)) throw error
    complain(`tributary ${command.name}: ${error.message}`)
    return 1
  }
}
