import { environmentHelp } from '../config/config.ts'
import { commands } from './commands.ts'

/** What `--help` prints. */
export function help(): string {
  const lines = commands.map(({ name, parameters, summary }) => ({
    usage: parameters === undefined ? name : `${name} ${parameters}`,
    summary,
  }))
  const width = Math.max(...lines.map(({ usage }) => usage.length)) + 2
  return [
    'tributary: one typed GraphQL graph over the PostgreSQL databases of a machine-learning platform',
    '',
    'Usage: tributary <command>',
    '',
    ...lines.map(({ usage, summary }) => `  ${usage.padEnd(width)}${summary}`),
    '',
    '  --help, --version',
    '',
    'Environment:',
    '',
    environmentHelp(),
  ].join('\n')
}
