import { type Environment, environmentHelp } from '../config/config.ts'
import { TributaryError } from '../errors/tributary-error.ts'
import type { Command } from './command.ts'
import { commands } from './commands.ts'
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

function help(): string {
  const width = Math.max(...commands.map((command) => command.name.length)) + 2
  return [
    'tributary: one typed GraphQL graph over the PostgreSQL databases of a machine-learning platform',
    '',
    'Usage: tributary <command>',
    '',
    ...commands.map((command) => `  ${command.name.padEnd(width)}${command.summary}`),
    '',
    '  --help, --version',
    '',
    'Environment:',
    '',
    environmentHelp(),
  ].join('\n')
}

/** An AbortSignal that fires at the first SIGINT or SIGTERM; a second one ends the process as usual. */
function stopSignal(): AbortSignal & Disposable {
  const controller = new AbortController()
  const signals = ['SIGINT', 'SIGTERM'] as const
  const off = () => {
    for (const signal of signals) process.off(signal, stop)
  }
  const stop = () => {
    off()
    controller.abort()
  }
  for (const signal of signals) process.on(signal, stop)
  return Object.assign(controller.signal, { [Symbol.dispose]: off })
}

/**
 * The command line.
 *
 * @returns the exit status: 0 well, 1 failed, 2 not understood.
 */
export async function run(argv: readonly string[], env: Environment): Promise<number> {
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
  using stop = stopSignal()
  try {
    return await found.command.run({ args: found.args, env, stop, print })
  } catch (error) {
    if (!(error instanceof TributaryError)) throw error
    complain(`tributary ${found.command.name}: ${error.message}`)
    return 1
  }
}
