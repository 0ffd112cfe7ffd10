import { environmentHelp } from '../config/config.ts'
import { commands } from './commands.ts'

/** Columns for how a command is called. What is longer has a line of its own. */
const width = 32

const described = (usage: string, summary: string): string =>
  usage.length < width
    ? `  ${usage.padEnd(width)}${summary}`
    : `  ${usage}\n${' '.repeat(width + 2)}${summary}`

/** What `--help` prints. */
export function help(): string {
  return [
    'tributary: one typed GraphQL graph over the PostgreSQL databases of a machine-learning platform',
    '',
    'Usage: tributary <command>',
    '',
    ...commands.map(({ name, parameters, summary }) =>
      described(parameters === undefined ? name : `${name} ${parameters}`, summary),
    ),
    '',
    '  --help, --version',
    '',
    'Environment:',
    '',
    environmentHelp(),
  ].join('\n')
}
