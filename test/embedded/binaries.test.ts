import { cp, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findPackage } from '../../src/embedded/binaries.ts'
import { startEmbeddedPostgres } from '../../src/embedded/cluster.ts'
import { freePort } from '../../src/embedded/free-port.ts'
import { ask, temporaryFolder } from './start-owner.ts'

test('a platform without a package is told of DATABASE_URL', () => {
  const expected = {
    code: 'EMBEDDED_UNAVAILABLE',
    message: expect.stringMatching(/plan9-mips.*DATABASE_URL/),
  }
  expect(() => findPackage('plan9', 'mips')).toThrow(expect.objectContaining(expected))
})

test('library links that install scripts would have made are made in place', async () => {
  await using folder = await temporaryFolder()
  const packageDir = join(folder.path, 'package')
  await cp(findPackage(), packageDir, {
    recursive: true,
    verbatimSymlinks: true,
    filter: async (path) => !(await readlink(path).catch(() => path.endsWith('.a'))),
  })
  const lines: string[] = []
  const log = (line: string) => lines.push(line)
  await using postgres = await startEmbeddedPostgres({ home: join(folder.path, 'home'), packageDir, log })
  expect(await ask(postgres.url(), 'SELECT 1')).toBe(1)
  expect(await readlink(join(packageDir, 'native/lib/libpq.so.5'))).toBe('libpq.so.5.18')
  expect(lines).toEqual([])
})

test('a free port lies below those of outgoing connections', async () => {
  const port = await freePort()
  expect(port).toBeGreaterThanOrEqual(20_000)
  expect(port).toBeLessThan(32_000)
})
