import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chown, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { TributaryError } from '../errors/tributary-error.ts'
import { type Account, runAs } from './accounts.ts'
import { stopOrphans } from './orphans.ts'
import { clusterFolder } from './place.ts'

const run = promisify(execFile)

/** The only role of a new cluster. */
export const superuser = 'postgres'

const partialPrefix = `${clusterFolder}.partial-`

/** Removes what an initialisation left that was killed half-way. */
async function removePartial(home: string): Promise<void> {
  for (const name of await readdir(home)) {
    if (!name.startsWith(partialPrefix)) continue
    await stopOrphans(join(home, name, 'data'), { fast: 0, immediate: 2_000 })
    await rm(join(home, name), { recursive: true, force: true, maxRetries: 5 })
  }
}

export interface InitialiseOptions {
  readonly home: string
  readonly binaries: string
  readonly account: Account | undefined
  /** Whether the files are forced to disk; default true. */
  readonly sync?: boolean
}

/**
 * Makes a cluster: UTF-8, ordered by code point, with one superuser and a random password, which lies beside the
 * data. It is made under another name and renamed when it is whole, so that a kill half-way leaves nothing half
 * made. The caller must own the folder.
 *
 * @throws TributaryError EMBEDDED_UNAVAILABLE with what initdb said.
 */
export async function initialise(options: InitialiseOptions): Promise<void> {
  const { home, binaries, account, sync = true } = options
  await removePartial(home)
  const partial = join(home, `${partialPrefix}${randomBytes(4).toString('hex')}`)
  const password = join(partial, 'password')
  await mkdir(partial, { mode: 0o700 })
  await writeFile(password, randomBytes(24).toString('base64url'), { mode: 0o600 })
  if (account) {
    await chown(password, account.uid, account.gid)
    await chown(partial, account.uid, account.gid)
  }
  const data = ['--pgdata', join(partial, 'data')]
  const login = ['--username', superuser, '--pwfile', password, '--auth', 'scram-sha-256']
  const locale = [
    '--encoding',
    'UTF8',
    '--locale',
    'C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
  ]
  const manner = sync ? ['--no-instructions'] : ['--no-instructions', '--no-sync']
  try {
    await run(join(binaries, 'initdb'), [...data, ...login, ...locale, ...manner], runAs(account))
  } catch (cause) {
    await rm(partial, { recursive: true, force: true, maxRetries: 5 })
    const { stderr, message } = cause as Error & { stderr?: string }
    throw new TributaryError(
      'EMBEDDED_UNAVAILABLE',
      `initdb could not make a cluster in ${home}: ${stderr?.trim() || message}`,
      { cause },
    )
  }
  await rename(partial, join(home, clusterFolder))
}
