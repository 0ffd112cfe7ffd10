import { describe, expect, it } from 'vitest'
import { readConfig } from '../../src/config/config.ts'

const platform = 'postgresql://reader:p@db/Main-1'
const capturesOf = (env: Record<string, string>) =>
  readConfig(env).sources.map(({ capture }) => capture && { ...capture, url: capture.url.reveal() })

describe('the capture of a source', () => {
  it('has the source’s URL and a slot named after its database, unless others are set', () => {
    expect(capturesOf({ DATABASE_URL: platform })).toEqual([
      { url: platform, slot: 'tributary_main_1', publication: 'tributary' },
    ])
    const url = 'postgresql://replicator:p@primary/Main-1'
    const set = { PLATFORM_CAPTURE_URL: url, PLATFORM_CAPTURE_SLOT: 'mine', CAPTURE_PUBLICATION: 'Theirs' }
    expect(capturesOf({ DATABASE_URL: platform, ...set })).toEqual([
      { url, slot: 'mine', publication: 'Theirs' },
    ])
  })

  it('has a slot of its own, though databases have the same name', () => {
    const env = { DATABASE_URL: platform, USER_DATABASE_URL: 'postgresql://reader:p@other/main_1' }
    expect(capturesOf(env).map((capture) => capture?.slot)).toEqual([
      'tributary_main_1',
      'tributary_main_1_users',
    ])
    expect(() => readConfig({ ...env, USERS_CAPTURE_SLOT: 'tributary_main_1' })).toThrow(
      /USERS_CAPTURE_SLOT="tributary_main_1" is the slot of another source already/,
    )
    expect(() => readConfig({ ...env, USERS_CAPTURE_SLOT: 'My-Slot' })).toThrow(/must be 1 to 63 lower-case/)
  })
})

describe('the change log', () => {
  const changesOf = (env: Record<string, string>) => readConfig({ TRIBUTARY_HOME: '/home', ...env }).changes

  it('is a file that this process captures into, or a Redis that others do', () => {
    expect(changesOf({})).toMatchObject({
      capturesHere: true,
      log: { kind: 'file', folder: '/home/changes' },
    })
    const shared = changesOf({ REDIS_URL: 'redis://:hunter2@cache:6379' })
    expect(shared).toMatchObject({ capturesHere: false, log: { kind: 'redis' } })
    expect(JSON.stringify(shared)).not.toContain('hunter2')
    expect(changesOf({ REDIS_URL: 'redis://cache', CAPTURE: 'on' }).capturesHere).toBe(true)
    expect(() => changesOf({ REDIS_URL: 'http://:hunter2@cache' })).toThrow(
      /REDIS_URL must begin with redis:\/\//,
    )
  })

  it('is not there where nothing is captured and no log of another is named', () => {
    expect(changesOf({ CAPTURE: 'off' })).toMatchObject({ capturesHere: false, log: undefined })
    expect(changesOf({ CAPTURE: 'off', CHANGE_LOG_DIR: '/log' }).log).toEqual({
      kind: 'file',
      folder: '/log',
    })
  })
})
