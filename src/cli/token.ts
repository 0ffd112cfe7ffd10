import { parseArgs } from 'node:util'
import { areKeysGiven, keyLoader } from '../auth/keys/key-loader.ts'
import { openKeyRing } from '../auth/keys/key-ring.ts'
import type { KeyStore } from '../auth/keys/key-store.ts'
import { TokenIssuer } from '../auth/tokens/issue-token.ts'
import { isServiceName, maxServiceLifetime } from '../auth/tokens/own-tokens.ts'
import { type Config, readConfig } from '../config/config.ts'
import { createLogger } from '../config/logger.ts'
import { TributaryError } from '../errors/tributary-error.ts'
import type { Command } from './command.ts'
import { withKeyStore } from './gateway-keys.ts'

const day = 24 * 3600
const maxDays = maxServiceLifetime / day

interface Wish {
  readonly name: string
  /** Seconds. */
  readonly lifetime: number
}

export const token: Command = {
  name: 'token',
  parameters: '<program> [--days 30]',
  summary: "issue a token by which another team's program, such as labeler, reads accounts",
  run: async ({ args, env, print }) => {
    const config = readConfig(env)
    const wish = parseArguments(args)
    print(
      areKeysGiven(config.auth)
        ? await issue(config, undefined, wish)
        : await withKeyStore(config, (store) => issue(config, store, wish)),
    )
    return 0
  },
}

async function issue(
  { auth, log }: Config,
  store: KeyStore | undefined,
  { name, lifetime }: Wish,
): Promise<string> {
  const { issuer } = auth
  if (issuer === null)
    throw new TributaryError('CONFIG_INVALID', 'tokens name their issuer; set AUTH_ISSUER.')
  using keys = await openKeyRing({ load: keyLoader(auth, store), log: createLogger(log) })
  const tokens = new TokenIssuer({ ...auth, issuer, keys })
  const issued = await tokens.issueServiceToken({ name, scopes: ['accounts:read'], lifetime })
  return issued.token
}

function parseArguments(args: readonly string[]): Wish {
  try {
    const { positionals, values } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { days: { type: 'string', default: '30' } },
    })
    const [name, ...others] = positionals
    const days = /^\d{1,3}$/.test(values.days) ? Number(values.days) : 0
    if (isServiceName(name) && others.length === 0 && days >= 1 && days <= maxDays)
      return { name, lifetime: days * day }
  } catch {
    // Told below.
  }
  throw new TributaryError(
    'CONFIG_INVALID',
    `takes a program's name in small letters, digits and hyphens, and --days from 1 to ${maxDays}.`,
  )
}
