import { z } from 'zod'
import type { EnvironmentReader } from './reader.ts'
import type { Secret } from './secret.ts'
import { seconds, type ValueOf, type Variable, wholeNumber } from './variable.ts'

/** How the Labeler's HTTP API is reached. */
export interface LabelerConfig {
  /** Its address, with a slash at the end. */
  readonly url: string
  /** Key of the HS256 tokens that it takes. */
  readonly secret: Secret
  /** How long an answer may take, in milliseconds. Default 5,000. */
  readonly timeoutMs: number
  /** Calls at once. Default 16. */
  readonly maxConcurrent: number
  /** Calls that one request of ours may come to. Default 100. */
  readonly maxCallsPerRequest: number
}

/** Settings of the Labeler, which is reached over HTTP alone. */
export const labelerVariables = {
  LABELER_API_URL: {
    schema: z
      .url({ protocol: /^https?$/, error: 'must be an http(s) address, as in https://labeler.example.org' })
      .transform((text) => (text.endsWith('/') ? text : `${text}/`)),
    description: "address of the Labeler's HTTP API; SERVICE_JWT_SECRET has to be set with it",
  },
  LABELER_TIMEOUT: {
    schema: seconds(60),
    fallback: '5',
    description: 'seconds for the Labeler to answer a call',
  },
  LABELER_MAX_CONCURRENT: {
    schema: wholeNumber(1, 1000),
    fallback: '16',
    description: 'calls of the Labeler at once; others wait',
  },
  LABELER_MAX_CALLS: {
    schema: wholeNumber(1, 10_000),
    fallback: '100',
    description: 'calls of the Labeler that one request may come to',
  },
} as const satisfies Record<string, Variable>

type LabelerValues = { [Name in keyof typeof labelerVariables]: ValueOf<(typeof labelerVariables)[Name]> }

/** How the Labeler is reached; undefined where it is not. A missing secret is added to the reader's problems. */
export function readLabeler(
  reader: EnvironmentReader,
  values: LabelerValues,
  secret: Secret | undefined,
): LabelerConfig | undefined {
  if (values.LABELER_API_URL === undefined) return undefined
  if (!secret) {
    reader.problems.push('LABELER_API_URL needs SERVICE_JWT_SECRET, the key of the tokens that it takes')
    return undefined
  }
  return {
    url: values.LABELER_API_URL,
    secret,
    timeoutMs: values.LABELER_TIMEOUT,
    maxConcurrent: values.LABELER_MAX_CONCURRENT,
    maxCallsPerRequest: values.LABELER_MAX_CALLS,
  }
}
