import { join } from 'node:path'
import { z } from 'zod'
import { redisUrl } from './redis-url.ts'
import type { Secret } from './secret.ts'
import { oneOf, seconds, type ValueOf, type Variable, wholeNumber } from './variable.ts'

/** Where changes are kept on their way to whoever watches, and who captures them. */
export interface ChangesConfig {
  /** Whether `serve` and `dev` capture in their own process. */
  readonly capturesHere: boolean
  /** Where the log is; undefined where nothing is captured and no log of another process is named. */
  readonly log: RedisLogConfig | FileLogConfig | undefined
  /** Where a process keeps it that captures for others to read. */
  readonly ownLog: RedisLogConfig | FileLogConfig
  readonly retentionMs: number
  /** Bytes of one log that are kept at most. */
  readonly maxBytes: number
}

export interface RedisLogConfig {
  readonly kind: 'redis'
  readonly url: Secret
}

export interface FileLogConfig {
  readonly kind: 'file'
  readonly folder: string
}

/** Settings of the change log. */
export const changesVariables = {
  CAPTURE: {
    schema: oneOf(['auto', 'on', 'off']),
    fallback: 'auto',
    description:
      'whether `serve` captures changes itself; auto does where no REDIS_URL is set, off leaves it to `tributary capture`',
  },
  REDIS_URL: {
    schema: redisUrl,
    secret: true,
    description: 'redis:// URL of the change log that several gateways share; without it, a file',
  },
  CHANGE_LOG_DIR: {
    schema: z.string(),
    description: 'folder of the change log where there is no Redis; TRIBUTARY_HOME/changes without it',
  },
  CHANGE_LOG_RETENTION: {
    schema: seconds(7 * 24 * 3600),
    fallback: '3600',
    description: 'seconds for which changes are kept, so that who was away may go on',
  },
  CHANGE_LOG_MAX_BYTES: {
    schema: wholeNumber(2 ** 20, 2 ** 40),
    fallback: '1073741824',
    description: 'bytes of changes that are kept at most',
  },
} as const satisfies Record<string, Variable>

type ChangesValues = { [Name in keyof typeof changesVariables]: ValueOf<(typeof changesVariables)[Name]> }

/** The settings by what they mean. */
export function changesConfig(values: ChangesValues, home: string): ChangesConfig {
  const { CAPTURE: capture, REDIS_URL: url, CHANGE_LOG_DIR: folder } = values
  const capturesHere = capture === 'on' || (capture === 'auto' && url === undefined)
  const ownLog = url
    ? ({ kind: 'redis', url } as const)
    : ({ kind: 'file', folder: folder ?? join(home, 'changes') } as const)
  const isNamed = url !== undefined || folder !== undefined
  return {
    capturesHere,
    log: capturesHere || isNamed ? ownLog : undefined,
    ownLog,
    retentionMs: values.CHANGE_LOG_RETENTION,
    maxBytes: values.CHANGE_LOG_MAX_BYTES,
  }
}
