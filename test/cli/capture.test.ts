import { Client } from 'pg'
import { describe, expect, it } from 'vitest'
import { captureDrop, captureSetup } from '../../src/cli/capture-setup.ts'
import { captureStatus } from '../../src/cli/capture-status.ts'
import { temporaryFolder } from '../embedded/start-owner.ts'
import { query, signIn } from '../support/client.ts'
import { cloneDatabases } from '../support/databases.ts'
import { TributaryProcess } from './tributary-process.ts'

const watching = '{ sources { name watching { state reason unwatchedTables { table } } } }'

interface Sources {
  readonly sources: readonly {
    readonly name: string
    readonly watching: { state: string; reason: string | null; unwatchedTables: readonly object[] } | null
  }[]
}

const commands = { setup: captureSetup, status: captureStatus, drop: captureDrop }

/** Runs a command in this process, which is ten times as quick. */
async function command(
  [name, ...args]: readonly [keyof typeof commands, ...string[]],
  { env }: { readonly env: Readonly<Record<string, string>> },
) {
  const lines: string[] = []
  const status = await commands[name].run({ args, env, print: (line) => lines.push(line) })
  return { status, stdout: `${lines.join('\n')}\n` }
}

/** How the sources are, as an administrator sees it. */
const sourcesAt = async (url: string) => query<Sources>(url, watching, await signIn(url))

const stateOf = ({ sources }: Sources, name: string) =>
  sources.find((source) => source.name === name)?.watching

describe('tributary capture', { timeout: 60_000 }, () => {
  it('is set up, told of and taken down by command', async () => {
    await using databases = await cloneDatabases()
    const env = { DATABASE_URL: databases.url('platform'), USER_DATABASE_URL: databases.url('users') }
    const before = await command(['status'], { env })
    expect(before.status).toBe(1)
    expect(before.stdout).toMatch(/^platform: there is no slot tributary_/m)
    expect(before.stdout).toMatch(
      /^platform: there is no publication tributary; run `tributary capture setup`$/m,
    )

    const printed = await command(['setup', '--print', '--only', 'users'], { env })
    expect(printed.stdout).toMatch(/^ {2}CREATE PUBLICATION "tributary" FOR TABLE public\."users", .*;$/m)
    expect(printed.stdout).toMatch(
      /^ {2}SELECT pg_create_logical_replication_slot\('tributary_.*', 'pgoutput'\);$/m,
    )

    const setUp = await command(['setup'], { env })
    expect(setUp.status).toBe(0)
    expect(setUp.stdout).toMatch(/^users: CREATE PUBLICATION/m)
    const again = await command(['setup'], { env })
    expect(again.stdout).toMatch(/^users: as it should be$/m)
    const after = await command(['status'], { env })
    expect(after.stdout).toMatch(
      /^users: the slot tributary_\S+ is read by nobody, .* behind, keeps .* of WAL \(reserved\)$/m,
    )
    expect(after.stdout).toMatch(/^users: the publication tributary has 4 of 4 tables$/m)
    expect(after.status).toBe(0)

    const dropped = await command(['drop'], { env })
    expect(dropped.stdout).toMatch(/^platform: dropped the slot tributary_/m)
    expect(dropped.stdout).toMatch(/^platform: DROP PUBLICATION "tributary"$/m)
    expect(dropped.status).toBe(0)
    expect((await command(['status'], { env })).status).toBe(1)
    await expect(command(['setup', '--all'], { env })).rejects.toThrow(/takes --only/)
    await expect(command(['setup', '--only', 'nothing'], { env })).rejects.toThrow(
      /no database is configured for nothing/,
    )
  })

  it('takes a role that may replicate and nothing else, which an administrator makes', async () => {
    await using databases = await cloneDatabases()
    const admin = await databases.client('users')
    const owner = `owner_${Date.now()}`
    const replicator = `replicator_${Date.now()}`
    await admin.query(
      `CREATE ROLE ${owner} LOGIN PASSWORD 'p'; GRANT SELECT ON ALL TABLES IN SCHEMA public TO ${owner}`,
    )
    const urlFor = (role: string) => {
      const url = new URL(databases.url('users'))
      url.username = role
      url.password = 'p'
      return url.href
    }
    const env = { USER_DATABASE_URL: urlFor(owner) }
    const refused = await command(['setup'], { env })
    expect(refused.status).toBe(1)
    expect(refused.stdout).toMatch(
      new RegExp(
        `^users: the role ${owner} may not replicate; ALTER ROLE "${owner}" REPLICATION, or name another`,
        'm',
      ),
    )
    const apart = { ...env, USERS_CAPTURE_URL: urlFor(replicator) }
    const made = await command(['setup', '--url', databases.adminUrl], { env: apart })
    expect(made.stdout).toMatch(new RegExp(`^users: made the role ${replicator}, which may replicate$`, 'm'))
    expect(made.status).toBe(0)
    const client = new Client({ connectionString: urlFor(replicator) })
    await client.connect()
    await expect(client.query('SELECT FROM users')).rejects.toThrow(/permission denied/)
    await client.end()
    await using folder = await temporaryFolder()
    const home = { ...apart, CHANGE_LOG_DIR: folder.path }
    await using capture = new TributaryProcess(['capture'], { env: home })
    await capture.printed(/capture of users: streaming/)
    expect((await command(['drop'], { env: apart })).stdout).toMatch(/is being read .*stop the capture first/)
    expect(await capture.end('SIGTERM')).toEqual({ status: 0, signal: null })
    expect(capture.stdout).toMatch(/capture of users: stopped/)
    await command(['drop', '--url', databases.adminUrl], { env: apart })
    await admin.query(`DROP OWNED BY ${owner}, ${replicator}; DROP ROLE ${owner}, ${replicator}`)
  })

  it('runs in a single serve; a second one says that it cannot be watched through', async () => {
    await using databases = await cloneDatabases({ seeded: true })
    await using folders = await temporaryFolder()
    const env = (home: string) => ({
      DATABASE_URL: databases.url('platform'),
      USER_DATABASE_URL: databases.url('users'),
      TRIBUTARY_HOME: `${folders.path}/${home}`,
      CAPTURE: 'auto',
    })
    expect((await command(['setup', '--only', 'platform'], { env: env('one') })).status).toBe(0)
    await using first = new TributaryProcess(['serve'], { env: env('one') })
    const url = await first.url()
    const state = await sourcesAt(url)
    expect(stateOf(state, 'platform')).toEqual({ state: 'STREAMING', reason: null, unwatchedTables: [] })
    expect(stateOf(state, 'users')?.state).toBe('NOT_CAPTURED')
    expect(stateOf(state, 'users')?.reason).toMatch(/no publication tributary; run `tributary capture setup`/)
    expect(stateOf(state, 'inference')).toBeNull()

    await using second = new TributaryProcess(['serve'], { env: env('two') })
    const other = stateOf(await sourcesAt(await second.url()), 'platform')
    expect(other?.state).toBe('ELSEWHERE')
    expect(other?.reason).toMatch(/another has the slot .*REDIS_URL/)
    expect(second.stdout).toMatch(/capture of platform: standing by; another has the slot/)

    // Beside the first, reading its log.
    const beside = { ...env('three'), CAPTURE: 'off', CHANGE_LOG_DIR: `${folders.path}/one/changes` }
    await using third = new TributaryProcess(['serve'], { env: beside })
    expect(stateOf(await sourcesAt(await third.url()), 'platform')?.state).toBe('STREAMING')
    const ready = await fetch(new URL('/health/ready', await third.url()))
    expect(await ready.json()).toMatchObject({ sources: { platform: { watching: { state: 'STREAMING' } } } })
  })
})
