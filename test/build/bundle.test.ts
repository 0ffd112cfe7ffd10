import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { sourceNames } from '../../src/config/source-names.ts'
import { root, type StartOptions, TributaryProcess, tributary } from '../cli/tributary-process.ts'
import { temporaryFolder } from '../embedded/start-owner.ts'
import { query } from '../support/client.ts'
import { createEmptyDatabase, type TestDatabase } from '../support/databases.ts'

const run = promisify(execFile)

describe('the bundle, alone in a folder', { timeout: 60_000 }, () => {
  const variables = sourceNames.map(({ variable }) => variable)
  let folder: Awaited<ReturnType<typeof temporaryFolder>>
  let databases: TestDatabase[]
  let options: StartOptions
  beforeAll(async () => {
    folder = await temporaryFolder()
    await run(process.execPath, [join(root, 'tools/build.mjs'), folder.path])
    databases = await Promise.all(variables.map(createEmptyDatabase))
    const env = Object.fromEntries(variables.map((name, index) => [name, databases[index]?.url ?? '']))
    options = {
      program: [process.execPath, join(folder.path, 'tributary.mjs')],
      cwd: folder.path,
      env: { NODE_ENV: 'production', ...env },
    }
  })
  afterAll(async () => {
    await Promise.all(databases.map((database) => database[Symbol.asyncDispose]()))
    await folder[Symbol.asyncDispose]()
  })

  it('is code, native parts and migrations, without source maps', async () => {
    const names = await readdir(folder.path)
    expect(names).toEqual(expect.arrayContaining(['tributary.mjs', 'migrations']))
    expect(names.filter((name) => !/\.(mjs|node)$|^migrations$|^sign-in\./.test(name))).toEqual([])
    const entry = await readFile(join(folder.path, 'tributary.mjs'), 'utf8')
    expect(entry).not.toContain('sourceMappingURL')
    // GraphiQL, most of all that there is, is not read at the start.
    expect(entry.length).toBeLessThan(6 * 2 ** 20)
  })

  it('explains itself', async () => {
    expect(await tributary(['--version'], options)).toMatchObject({ stdout: `${manifest.version}\n` })
    expect((await tributary(['--help'], options)).stdout).toContain('db migrate')
  })

  it('migrates, verifies, and answers without GraphiQL or introspection', async () => {
    const migrated = await tributary(['db', 'migrate'], options)
    expect(migrated).toMatchObject({ status: 0, stdout: expect.stringContaining('platform: applied 0001_') })
    expect(await tributary(['db', 'verify'], options)).toMatchObject({ status: 0 })

    await using gateway = new TributaryProcess(['serve'], options)
    const url = await gateway.url()
    const document = '{ trainingJobs { totalCount } users { totalCount } slurmJobs { totalCount } }'
    const none = { totalCount: 0 }
    expect(await query(url, document)).toEqual({ trainingJobs: none, users: none, slurmJobs: none })
    await expect(query(url, '{ __schema { queryType { name } } }')).rejects.toThrow(/introspection/i)
    const page = await fetch(url, { headers: { accept: 'text/html' } })
    expect(page.headers.get('content-type')).not.toContain('html')
    expect(await gateway.end('SIGTERM')).toEqual({ status: 0, signal: null })
    expect(gateway.stderr).toBe('')
  })

  it('captures what is written, in a serve alone', async () => {
    const home = join(folder.path, 'home')
    const env = { ...options.env, TRIBUTARY_HOME: home, CAPTURE: 'auto' }
    const setUp = await tributary(['capture', 'setup', '--only', 'platform'], { ...options, env })
    expect(setUp).toMatchObject({ status: 0, stdout: expect.stringContaining('platform: made the slot') })
    await using gateway = new TributaryProcess(['serve'], { ...options, env })
    await gateway.printed(/capture of platform: streaming/)
    const metrics = await fetch(new URL('/metrics', await gateway.url()))
    expect(await metrics.text()).toContain('tributary_capture_streaming{source="platform"} 1')
    expect(await gateway.end('SIGTERM')).toEqual({ status: 0, signal: null })
    expect(await readdir(join(home, 'changes'))).toContain('changes.sqlite')
    await tributary(['capture', 'drop', '--only', 'platform'], { ...options, env })
  })

  it('shows GraphiQL to developers', async () => {
    const env = { ...options.env, NODE_ENV: 'development' }
    await using gateway = new TributaryProcess(['serve'], { ...options, env })
    const page = await fetch(await gateway.url(), { headers: { accept: 'text/html' } })
    expect(page.status).toBe(200)
    expect(await page.text()).toContain('<title>Tributary</title>')
  })

  it('says that it brings no Postgres along', async () => {
    const { status, stderr } = await tributary(['dev'], { ...options, env: { TRIBUTARY_HOME: folder.path } })
    expect(status).toBe(1)
    expect(stderr).toMatch(
      /^tributary dev: No embedded Postgres .* Set DATABASE_URL to a server of your own\.\n$/,
    )
  })
})
