import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import manifest from '../../package.json' with { type: 'json' }
import { programOfOldNode } from './old-node.ts'
import { root, tributary } from './tributary-process.ts'

describe('tributary', () => {
  it('explains itself', async () => {
    const { status, stdout, stderr } = await tributary(['--help'])
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    for (const word of ['serve', 'dev', 'db migrate', 'db verify', 'db seed', 'DATABASE_URL', 'PORT'])
      expect(stdout).toMatch(new RegExp(`^  ${word}\\b.*\\s{2}\\S`, 'm'))
    const longest = Math.max(...stdout.split('\n').map(({ length }) => length))
    expect(longest).toBeLessThanOrEqual(160)
    expect(await tributary([])).toMatchObject({ status: 0, stdout })
  })

  it('tells its version', async () => {
    expect(await tributary(['--version'])).toMatchObject({ status: 0, stdout: `${manifest.version}\n` })
  })

  it.each([
    [['frobnicate'], 'there is no command "frobnicate"'],
    [['db'], 'there is no command "db"'],
    [['db', 'verify', '--quickly'], 'db verify: takes no "--quickly"'],
  ])('does not guess what %j means', async (args, complaint) => {
    const { status, stdout, stderr } = await tributary(args)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toContain(complaint)
    expect(stderr.trim().split('\n')).toHaveLength(1)
  })

  it('tells all mistakes of the environment at once, and no secret', async () => {
    const { status, stdout, stderr } = await tributary(['serve'], {
      env: {
        PORT: 'http',
        LOG_LEVEL: 'loud',
        DATABASE_URL: 'postgres://somebody:geheim@host:one/platform',
        USER_DATABASE_URL: 'mysql://somebody:geheim@host/users',
      },
    })
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
    for (const name of ['PORT', 'LOG_LEVEL', 'DATABASE_URL', 'USER_DATABASE_URL'])
      expect(stderr).toMatch(new RegExp(`^  ${name}\\b`, 'm'))
    expect(stderr).not.toMatch(/geheim|somebody|\n\s+at /)
  })

  it('prints the schema', async () => {
    const { status, stdout } = await tributary(['schema'])
    expect(status).toBe(0)
    expect(stdout).toBe(readFileSync(join(root, 'schema.graphql'), 'utf8'))
  })

  it('does not mind a reader that goes away', async () => {
    const child = spawn(process.execPath, [join(root, 'src/main.ts'), 'schema'])
    const complaints: string[] = []
    child.stderr.on('data', (chunk) => complaints.push(String(chunk)))
    child.stdout.destroy()
    expect(await once(child, 'close')).toEqual([0, null])
    expect(complaints).toEqual([])
  })

  it('runs under a Node that does not know TypeScript', async ({ skip }) => {
    const program = await programOfOldNode()
    skip(program === undefined, 'there is no such Node here')
    if (!program) return
    expect(await tributary(['--version'], { program })).toMatchObject({
      status: 0,
      stdout: `${manifest.version}\n`,
    })
    expect(await tributary(['nonsense'], { program })).toMatchObject({ status: 2 })
  })
})
