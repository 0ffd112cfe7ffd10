import { Client } from 'pg'
import { z } from 'zod'
import { databaseUrl } from './database-url.ts'
import type { EnvironmentReader } from './reader.ts'
import { Secret } from './secret.ts'
import { type SourceName, sourceNames } from './source-names.ts'
import type { Variable } from './variable.ts'

/** How a source's changes are read out of its write-ahead log. */
export interface CaptureConfig {
  /** Of a role that may replicate; the source's own URL where none is set. */
  readonly url: Secret
  /** Name of the replication slot, of which there is one a source in a whole server. */
  readonly slot: string
  /** Name of the publication, in the source's database. */
  readonly publication: string
}

const maxNameLength = 63

const slotName = z
  .string()
  .regex(/^[a-z0-9_]{1,63}$/, { error: 'must be 1 to 63 lower-case letters, digits and underscores' })

/** Settings of every capture. */
export const captureVariables = {
  CAPTURE_PUBLICATION: {
    schema: z.string().max(maxNameLength),
    fallback: 'tributary',
    description: 'name of the publication in each database whose changes are captured',
  },
} as const satisfies Record<string, Variable>

const variablesOf = ({ name, prefix }: SourceName): Record<string, Variable> => ({
  [`${prefix}_CAPTURE_URL`]: {
    schema: databaseUrl,
    secret: true,
    description: `postgresql:// URL of a role that may replicate the ${name} database; without it, the URL of ${name}`,
  },
  [`${prefix}_CAPTURE_SLOT`]: {
    schema: slotName,
    description: `name of the replication slot for ${name}; tributary_ and the database's name without it`,
  },
})

/** Settings of the capture of single sources, made from the table of sources. */
export const sourceCaptureVariables: Record<string, Variable> = Object.assign(
  {},
  ...sourceNames.map(variablesOf),
)

/** How a source is captured, as the environment says. `others` are the slots that sources before it have. */
export function readCapture(
  reader: EnvironmentReader,
  { source, sourceUrl, others }: { source: SourceName; sourceUrl: Secret; others: readonly string[] },
): CaptureConfig {
  const { name, prefix } = source
  const read = (variable: string) => reader.read(variable, sourceCaptureVariables[variable] as Variable)
  const url = read(`${prefix}_CAPTURE_URL`)
  const asked = read(`${prefix}_CAPTURE_SLOT`)
  const captureUrl = url instanceof Secret ? url : sourceUrl
  const usual = slotFor(databaseOf(captureUrl))
  const slot = others.includes(usual) ? slotFor(`${databaseOf(captureUrl)}_${name}`) : usual
  if (typeof asked === 'string' && others.includes(asked))
    reader.problems.push(`${prefix}_CAPTURE_SLOT="${asked}" is the slot of another source already`)
  return {
    url: captureUrl,
    slot: typeof asked === 'string' ? asked : slot,
    publication: reader.read('CAPTURE_PUBLICATION', captureVariables.CAPTURE_PUBLICATION),
  }
}

const databaseOf = (url: Secret): string => new Client({ connectionString: url.reveal() }).database ?? ''

/** Named after the database, since slots are the whole server's. */
const slotFor = (name: string): string =>
  `tributary_${name.toLowerCase().replaceAll(/[^a-z0-9_]/g, '_')}`.slice(0, maxNameLength)
