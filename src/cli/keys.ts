import { parseArgs } from 'node:util'
import { areKeysGiven, keyLoader } from '../auth/keys/key-loader.ts'
import { rotateKeys } from '../auth/keys/rotation.ts'
import type { StoredKey } from '../auth/keys/signing-key.ts'
import { maxServiceLifetime } from '../auth/tokens/own-tokens.ts'
import { type Config, readConfig } from '../config/config.ts'
import { TributaryError } from '../errors/tributary-error.ts'
import type { Command } from './command.ts'
import { withKeyStore } from './gateway-keys.ts'

export const keysList: Command = {
  name: 'keys list',
  summary: 'show the keys that sign access tokens',
  run: async ({ env, print }) => {
    const config = readConfig(env)
    const now = Date.now()
    for (const key of await keysOf(config)) print(`${key.kid}  ${key.algorithm}  ${stateOf(key, now)}`)
    return 0
  },
}

export const keysRotate: Command = {
  name: 'keys rotate',
  parameters: '[--compromised]',
  summary: 'make a new signing key; the old ones verify what they signed, unless they are compromised',
  run: async ({ args, env, print }) => {
    const config = readConfig(env)
    const { compromised } = parseArguments(args)
    if (areKeysGiven(config.auth))
      throw new TributaryError(
        'CONFIG_INVALID',
        'the keys are in AUTH_SIGNING_KEY or AUTH_SIGNING_KEY_FILE; put a new one before the old one there.',
      )
    const { signingAlgorithm: algorithm, accessTokenLifetime, clockTolerance } = config.auth
    const longestLifetime = Math.max(accessTokenLifetime, maxServiceLifetime) + clockTolerance
    const now = Date.now()
    const key = await withKeyStore(config, (store) =>
      rotateKeys(store, { algorithm, longestLifetime, compromised, now }),
    )
    print(`${key.kid}  ${key.algorithm}  ${stateOf(key, now)}`)
    return 0
  },
}

function parseArguments(args: readonly string[]): { compromised: boolean } {
  try {
    const { values } = parseArgs({ args: [...args], options: { compromised: { type: 'boolean' } } })
    return { compromised: values.compromised ?? false }
  } catch {
    throw new TributaryError('CONFIG_INVALID', 'takes nothing but --compromised.')
  }
}

const keysOf = (config: Config): Promise<readonly StoredKey[]> =>
  areKeysGiven(config.auth)
    ? keyLoader(config.auth, undefined)()
    : withKeyStore(config, (store) => store.list())

function stateOf({ activatesAt, retiresAt, privateJwk }: StoredKey, now: number): string {
  if (retiresAt && retiresAt.getTime() <= now) return `retired ${retiresAt.toISOString()}`
  const until = retiresAt ? `, verifies until ${retiresAt.toISOString()}` : ''
  if (privateJwk === null) return `verifies${until}`
  return activatesAt.getTime() > now ? `signs from ${activatesAt.toISOString()}${until}` : `signs${until}`
}
