import { captureVariables, sourceCaptureVariables } from './capture-config.ts'
import { changesVariables } from './changes-config.ts'
import {
  authVariables,
  initVariables,
  limitVariables,
  poolVariables,
  processVariables,
  sourceVariables,
} from './env.ts'
import { labelerVariables } from './labeler-config.ts'
import { replayVariables } from './replay-config.ts'
import { sourceNames } from './source-names.ts'
import type { Variable } from './variable.ts'

const groups: readonly (readonly [string, Readonly<Record<string, Variable>>])[] = [
  ['Databases', sourceVariables],
  ['Pools', poolVariables],
  ['Capturing changes', { ...changesVariables, ...captureVariables, ...sourceCaptureVariables }],
  ['Process', processVariables],
  ['Signing in', authVariables],
  ['The Labeler', labelerVariables],
  ['Limits', limitVariables],
  ['Making databases', initVariables],
  ['Playing the embedded databases', replayVariables],
]

const width = Math.max(...groups.flatMap(([, table]) => Object.keys(table).map((name) => name.length)))

const line = ([name, { description, fallback }]: [string, Variable]) =>
  `  ${name.padEnd(width)}  ${description}${fallback ? ` (${fallback})` : ''}`

/** The variables that the gateway reads, with meaning and default, for `--help`. */
export function environmentHelp(): string {
  const prefixes = sourceNames.map(({ prefix }) => prefix)
  const sections = groups.map(([title, table]) =>
    [`${title}:`, ...Object.entries(table).map(line)].join('\n'),
  )
  const override = `A pool's variable for one source alone has the source before it (${prefixes.join(', ')}): ${prefixes[0]}_DB_MAX_CONNECTIONS.`
  return [...sections, override].join('\n\n')
}
