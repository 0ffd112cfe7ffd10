import { execFile } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { promisify } from 'node:util'
import { TributaryError } from '../errors/tributary-error.ts'

const run = promisify(execFile)

/** The account that a program runs under. */
export interface Account {
  readonly name: string
  readonly uid: number
  readonly gid: number
}

/**
 * How to start a program as an account, or as ourselves when there is none. The folder is one that everybody may
 * enter, and the environment is empty, so that no PGDATA or LD_LIBRARY_PATH of the caller's leads it astray.
 */
export const runAs = (account: Account | undefined) => ({
  cwd: '/',
  env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C', TZ: 'UTC' },
  ...(account && { uid: account.uid, gid: account.gid }),
})

const lookUp = async (name: string): Promise<Account | undefined> => {
  try {
    const [uid, gid] = await Promise.all(
      ['-u', '-g'].map(async (flag) => Number((await run('id', [flag, name])).stdout)),
    )
    return uid && gid ? { name, uid, gid } : undefined
  } catch {
    return undefined
  }
}

/** The one command or the other is there; where neither works, what follows falls back to `nobody`. */
const makeAccount = async (name: string): Promise<void> => {
  try {
    await run('useradd', [
      '--system',
      '--user-group',
      '--no-create-home',
      '--shell',
      '/usr/sbin/nologin',
      name,
    ])
  } catch {
    await run('adduser', ['-S', '-D', '-H', name]).catch(() => undefined)
  }
}

/**
 * The account that Postgres, which refuses root, runs under: `postgres`, made when it is missing, or `nobody`.
 *
 * @throws TributaryError EMBEDDED_UNAVAILABLE when root can become none of them.
 */
export async function serverAccount(log: (line: string) => void, name = 'postgres'): Promise<Account> {
  let account = await lookUp(name)
  if (!account) {
    await makeAccount(name)
    account = await lookUp(name)
    if (account) log(`made the system account ${name}: Postgres does not run as root`)
  }
  for (const candidate of [account, await lookUp('nobody')]) {
    // Everybody may enter `/`: this tells whether we may become the account.
    if (candidate && (await canEnter(candidate, '/'))) return candidate
  }
  throw new TributaryError(
    'EMBEDDED_UNAVAILABLE',
    'Postgres does not run as root, and this root may not switch to another account. ' +
      'Start Tributary as an ordinary user, or set DATABASE_URL to a server of your own.',
  )
}

/** The owner of a file or folder, unless that is root or the path is not there. */
export async function ownerOf(path: string): Promise<Account | undefined> {
  const found = await stat(path).catch(() => undefined)
  return found?.uid ? { name: `with uid ${found.uid}`, uid: found.uid, gid: found.gid } : undefined
}

/** Whether an account can enter a folder, through all the folders above it. Tried, since modes are not all of it. */
export async function canEnter(account: Account, folder: string): Promise<boolean> {
  try {
    await run('/bin/sh', ['-c', 'cd -- "$1"', 'sh', folder], runAs(account))
    return true
  } catch {
    return false
  }
}
