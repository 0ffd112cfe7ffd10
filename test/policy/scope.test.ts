import { beforeEach, describe, expect, it } from 'vitest'
import { ScopeCache, type ScopeReader } from '../../src/auth/scope.ts'
import { TributaryError } from '../../src/errors/tributary-error.ts'

const second = 1_000

/** Databases of which one person's memberships are kept here, with a switch for each. */
class Databases implements ScopeReader {
  readonly down = new Set<'users' | 'platform'>()
  memberships: readonly number[] = [1, 2]
  reads = 0

  async memberProjects() {
    this.reads++
    this.#ask('users')
    return this.memberships
  }

  async ownership(_user: number, projects: readonly number[]) {
    this.#ask('platform')
    return { owned: [9], owners: projects.map((project) => 100 + project) }
  }

  async members(projects: readonly number[]) {
    this.#ask('users')
    return projects.map((project) => 200 + project)
  }

  #ask(source: 'users' | 'platform') {
    if (this.down.has(source)) throw new TributaryError('SOURCE_UNAVAILABLE', `${source} cannot be reached.`)
  }
}

let databases: Databases
let clock: number
let cache: ScopeCache

beforeEach(() => {
  databases = new Databases()
  clock = 0
  cache = new ScopeCache({ reader: databases, now: () => clock })
})

const keys = async (set: 'memberProjects' | 'projects' | 'people', user = 7) =>
  (await cache.scopeOf(user)).keys(set)

describe('a scope', () => {
  it('holds the projects one is a member of and those one owns, their members and their owners', async () => {
    expect(await keys('memberProjects')).toEqual([1, 2])
    expect(await keys('projects')).toEqual([1, 2, 9])
    expect(await keys('people')).toEqual([201, 202, 209, 101, 102])
  })

  it('is read once for requests at the same time, and once for each person', async () => {
    await Promise.all([cache.scopeOf(7), cache.scopeOf(7), cache.scopeOf(7)])
    expect(databases.reads).toBe(1)
    await cache.scopeOf(8)
    expect(databases.reads).toBe(2)
  })

  it('serves for 30 seconds, and is then read again', async () => {
    await cache.scopeOf(7)
    databases.memberships = [3]
    clock = 30 * second - 1
    expect(await keys('memberProjects')).toEqual([1, 2])
    clock = 30 * second
    expect(await keys('memberProjects')).toEqual([3])
    expect(databases.reads).toBe(2)
  })

  it('is read again at once when it is dropped, the person’s own or everybody’s', async () => {
    await Promise.all([cache.scopeOf(7), cache.scopeOf(8)])
    databases.memberships = [3]
    cache.drop(7)
    expect(await keys('memberProjects', 7)).toEqual([3])
    expect(await keys('memberProjects', 8)).toEqual([1, 2])
    cache.drop()
    expect(await keys('memberProjects', 8)).toEqual([3])
  })

  it('is read again where it holds a project whose people have changed, and nowhere else', async () => {
    await cache.scopeOf(7)
    databases.memberships = [3]
    await cache.scopeOf(8)
    const underWay = cache.scopeOf(9)
    cache.dropProject(2)
    await underWay
    const { reads } = databases
    await cache.scopeOf(8)
    expect(databases.reads).toBe(reads)
    expect(await keys('memberProjects', 7)).toEqual([3])
    await cache.scopeOf(9)
    expect(databases.reads).toBe(reads + 2)
  })

  it('is not what a read found that had begun before the drop', async () => {
    const before = cache.scopeOf(7)
    databases.memberships = [3]
    cache.drop(7)
    expect(await keys('memberProjects')).toEqual([3])
    await before
    expect(await keys('memberProjects')).toEqual([3])
  })

  it('is kept for no more people than it is told to', async () => {
    cache = new ScopeCache({ reader: databases, now: () => clock, size: 2 })
    for (const user of [1, 2, 3]) await cache.scopeOf(user)
    await cache.scopeOf(3)
    expect(databases.reads).toBe(3)
    await cache.scopeOf(1)
    expect(databases.reads).toBe(4)
  })
})

describe('while a database is down, a scope', () => {
  it('serves on for five minutes since it was read, and then says so', async () => {
    await cache.scopeOf(7)
    databases.down.add('users')
    for (clock = 30 * second; clock < 300 * second; clock += 10 * second)
      expect(await keys('people')).toEqual([201, 202, 209, 101, 102])
    clock = 300 * second
    for (const set of ['memberProjects', 'projects', 'people'] as const)
      await expect(keys(set)).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' })
  })

  it('does not serve past five minutes because it was served a moment before', async () => {
    await cache.scopeOf(7)
    databases.down.add('users')
    clock = 299 * second
    expect(await keys('memberProjects')).toEqual([1, 2])
    clock = 300 * second
    await expect(keys('memberProjects')).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' })
  })

  it('that was never read says so, and is no empty page', async () => {
    databases.down.add('users')
    const scope = await cache.scopeOf(7)
    expect(() => scope.keys('memberProjects')).toThrow('users cannot be reached.')
  })

  it('tells still what the other database tells', async () => {
    databases.down.add('platform')
    expect(await keys('memberProjects')).toEqual([1, 2])
    await expect(keys('projects')).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' })
    await expect(keys('people')).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' })
  })

  it('is tried again a second later, and is whole as soon as the database is back', async () => {
    databases.down.add('users')
    await cache.scopeOf(7)
    databases.down.clear()
    clock = second - 1
    await expect(keys('memberProjects')).rejects.toMatchObject({ code: 'SOURCE_UNAVAILABLE' })
    expect(databases.reads).toBe(1)
    clock = second
    expect(await keys('memberProjects')).toEqual([1, 2])
    clock = 30 * second
    await cache.scopeOf(7)
    expect(databases.reads).toBe(2)
  })
})
