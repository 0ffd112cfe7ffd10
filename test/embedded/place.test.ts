import { spawnSync } from 'node:child_process'
import { chmod, chown, cp, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Account, canEnter, ownerOf } from '../../src/embedded/accounts.ts'
import { findPackage } from '../../src/embedded/binaries.ts'
import { ask, startOwner, temporaryFolder } from './start-owner.ts'

const settings = { fsync: 'off' }
const isRoot = process.getuid?.() === 0

const nobody = (): Account => {
  const id = (flag: string) => Number(spawnSync('id', [flag, 'nobody']).stdout)
  return { name: 'nobody', uid: id('-u'), gid: id('-g') }
}

const copyPackage = async (target: string, change: (manifest: Record<string, unknown>) => void) => {
  await cp(findPackage(), target, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (path) => !/\.a$|libpq\.so\.5$|libicu\w+\.so\.60$/.test(path),
  })
  const file = join(target, 'package.json')
  const manifest: Record<string, unknown> = JSON.parse(await readFile(file, 'utf8'))
  change(manifest)
  await writeFile(file, JSON.stringify(manifest))
}

const uidOf = async (pid: number) => (await stat(`/proc/${pid}`)).uid

describe('as root', () => {
  test('Postgres runs under another account, in the folder asked for', async ({ skip }) => {
    skip(!isRoot, 'root alone can try it')
    await using folder = await temporaryFolder()
    await using owner = await startOwner({ home: join(folder.path, '.tributary'), settings })
    expect(owner.report).toMatchObject({ start: 'created', home: join(folder.path, '.tributary'), lines: [] })
    expect(await uidOf(owner.report.pid)).toBeGreaterThan(0)
    expect((await stat(dirname(owner.report.dataDir))).mode & 0o777).toBe(0o700)
  })

  test('the data of an ordinary user stays that user’s', async ({ skip }) => {
    skip(!isRoot, 'root alone can try it')
    const account = nobody()
    skip(!(await canEnter(account, import.meta.dirname)), 'nobody cannot enter the project')
    await using folder = await temporaryFolder()
    await chown(folder.path, account.uid, account.gid)
    await using theirs = await startOwner({ home: folder.path, settings }, account)
    expect(theirs.report).toMatchObject({ start: 'created' })
    await theirs.stop()

    await using roots = await startOwner({ home: folder.path, settings })
    expect(roots.report).toMatchObject({ start: 'reused' })
    expect(await uidOf(roots.report.pid)).toBe(account.uid)
    await roots.kill()

    await using again = await startOwner({ home: folder.path, settings }, account)
    expect(again.report).toMatchObject({ start: 'recovered' })
    expect(await ask(again.report.url, 'SELECT 1')).toBe(1)
  })

  test('what only root may enter is kept where Postgres can reach it', async ({ skip }) => {
    skip(!isRoot, 'root alone can try it')
    await using folder = await temporaryFolder()
    await chmod(folder.path, 0o700)
    const packageDir = join(folder.path, 'package')
    const version = `0.0.0-${folder.path.slice(-6)}`
    await copyPackage(packageDir, (manifest) => Object.assign(manifest, { name: 'test', version }))
    const home = join(folder.path, '.tributary')
    await using first = await startOwner({ home, packageDir, settings })
    try {
      expect(first.report).toMatchObject({
        start: 'created',
        home: expect.stringMatching(/^\/var\/lib\/tributary\//),
      })
      expect(first.report.lines.join('\n')).toMatch(/cannot enter .* data is kept in .*\n.* copied to /)
      await ask(first.report.url, "CREATE TABLE kept AS SELECT 'here' AS value")
      await first.stop()

      await using second = await startOwner({ home, packageDir, settings })
      expect(second.report).toMatchObject({ start: 'reused', home: first.report.home })
      expect(await ask(second.report.url, 'SELECT value FROM kept')).toBe('here')
    } finally {
      await first.stop()
      await rm(first.report.home, { recursive: true, force: true })
      await rm(`/var/lib/tributary/test-${version}`, { recursive: true, force: true })
    }
  })
})

describe('as an ordinary user', () => {
  test('Postgres runs under the same account, after a kill too', async ({ skip }) => {
    const account = isRoot ? nobody() : undefined
    skip(
      account !== undefined && !(await canEnter(account, import.meta.dirname)),
      'nobody cannot enter the project',
    )
    await using folder = await temporaryFolder()
    if (account) await chown(folder.path, account.uid, account.gid)
    await chmod(folder.path, 0o700)
    await using killed = await startOwner({ home: folder.path, settings }, account)
    expect(killed.report).toMatchObject({ start: 'created', home: folder.path, lines: [] })
    expect(await uidOf(killed.report.pid)).toBe(account?.uid ?? process.getuid?.())
    await killed.kill()
    await using owner = await startOwner({ home: folder.path, settings }, account)
    expect(owner.report).toMatchObject({ start: 'recovered' })
    expect(await ask(owner.report.url, 'SELECT 1')).toBe(1)
  })

  test('a folder of somebody else’s is a clear error', async ({ skip }) => {
    skip(!isRoot, 'root alone can try it')
    const account = nobody()
    skip(!(await canEnter(account, import.meta.dirname)), 'nobody cannot enter the project')
    await using folder = await temporaryFolder()
    await using owner = await startOwner({ home: folder.path, settings }, account)
    expect(owner.report.error).toMatch(/cannot use .*permission denied/i)
  })

  test('library links that install scripts would have made are made in a copy when the package is read-only', async ({
    skip,
  }) => {
    skip(!isRoot, 'root alone can try it')
    const account = nobody()
    skip(!(await canEnter(account, import.meta.dirname)), 'nobody cannot enter the project')
    await using folder = await temporaryFolder()
    const packageDir = join(folder.path, 'package')
    const home = join(folder.path, 'home')
    await copyPackage(packageDir, () => {})
    await mkdir(home)
    await chown(home, account.uid, account.gid)
    await using owner = await startOwner({ home, packageDir, settings }, account)
    expect(owner.report).toMatchObject({ start: 'created' })
    expect(owner.report.lines).toEqual([expect.stringContaining(`copied to ${home}`)])
    expect(await ownerOf(join(packageDir, 'native/lib/libpq.so.5'))).toBeUndefined()
  })
})
