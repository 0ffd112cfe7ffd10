import { createHash } from 'node:crypto'
import { chmod, lstat, mkdir, realpath } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { TributaryError } from '../errors/tributary-error.ts'
import { type Account, canEnter, ownerOf, serverAccount } from './accounts.ts'

/** Where an embedded Postgres lives and as whom it runs. */
export interface Place {
  /** Holds the cluster's folder, its log and its owner's lock; belongs to whoever starts it. */
  readonly home: string
  /** Undefined: as ourselves. */
  readonly account: Account | undefined
  /** A folder for what cannot stay where it was asked for; made when it is first needed. */
  readonly elsewhere: () => Promise<string>
}

/** Name of the folder, inside `home`, that holds the cluster's data and its password. */
export const clusterFolder = 'postgres'

/** Makes a folder that everybody may enter, whatever the umask; one that was there keeps its mode. */
async function makeFolder(path: string): Promise<void> {
  const made = await mkdir(path, { recursive: true })
  if (made !== undefined) await chmod(path, 0o755)
}

/** Root's folder for all projects, which no other account may have prepared in a folder that all may write to. */
async function systemFolder(): Promise<string> {
  try {
    await makeFolder('/var/lib/tributary')
    return '/var/lib/tributary'
  } catch {
    const path = join(tmpdir(), 'tributary')
    await makeFolder(path)
    const found = await lstat(path)
    if (found.isDirectory() && found.uid === 0 && !(found.mode & 0o022)) return path
    throw new TributaryError(
      'EMBEDDED_UNAVAILABLE',
      `Neither /var/lib/tributary nor ${path} can be used: the latter does not belong to root alone.`,
    )
  }
}

/** `/root/shop/.tributary` → `shop-3f2a9c41` */
const projectKey = (home: string): string => {
  const project = basename(dirname(home)).replaceAll(/[^\w.-]/g, '-') || 'root'
  return `${project}-${createHash('sha256').update(home).digest('hex').slice(0, 8)}`
}

/**
 * Decides where the cluster lives. An ordinary user has it in the folder asked for. Root has it there too, run
 * under the account of the data's owner or the server account, unless that account cannot enter the folder.
 *
 * @throws TributaryError EMBEDDED_UNAVAILABLE when there is no usable folder or account.
 */
export async function choosePlace(askedFor: string, log: (line: string) => void): Promise<Place> {
  await makeFolder(askedFor)
  const home = await realpath(askedFor)
  if (process.getuid?.() !== 0) return { home, account: undefined, elsewhere: async () => home }

  const accountFor = async (folder: string) =>
    (await ownerOf(join(folder, clusterFolder))) ?? (await serverAccount(log))
  const account = await accountFor(home)
  if (await canEnter(account, home)) return { home, account, elsewhere: systemFolder }

  const away = join(await systemFolder(), projectKey(home))
  await makeFolder(away)
  log(`the account ${account.name}, which Postgres runs under, cannot enter ${home}: data is kept in ${away}`)
  return { home: away, account: await accountFor(away), elsewhere: systemFolder }
}
