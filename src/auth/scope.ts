import type { ScopeSet } from './rule.ts'
import type { Scope } from './viewer.ts'

/** Reads of the databases that a person's scope is made of. Keys in any order. */
export interface ScopeReader {
  /** Projects that the person is a member of. */
  memberProjects(user: number): Promise<readonly number[]>
  /** Projects that the person owns, and the owners of the given ones. */
  ownership(
    user: number,
    projects: readonly number[],
  ): Promise<{ owned: readonly number[]; owners: readonly number[] }>
  /** People who are members of any of the projects. */
  members(projects: readonly number[]): Promise<readonly number[]>
}

/** What people belong to, for those who ask and for those who change it. */
export interface Scopes {
  scopeOf(user: number): Promise<Scope>
  /** Forgets a person, or everybody: the next request reads anew. */
  drop(user?: number): void
  /** Forgets whoever belongs to a project, or is known by one who does. Who has just joined it is forgotten by `drop`. */
  dropProject(project: number): void
}

export interface ScopeCacheOptions {
  readonly reader: ScopeReader
  /** How long a scope serves before it is read again, in milliseconds. Default 30,000. */
  readonly freshMs?: number
  /** How long a set serves while its database is down, in milliseconds. Default 300,000. */
  readonly staleMs?: number
  /** How long a scope of which a set could not be read serves before that is tried again, in milliseconds. Default 1,000. */
  readonly retryMs?: number
  /** People at most whose scopes are kept. Default 10,000. */
  readonly size?: number
  readonly now?: () => number
}

interface KeySet {
  readonly keys: readonly number[]
  readonly readAt: number
}

type Sets = Readonly<Record<ScopeSet, KeySet | Error>>

interface Entry {
  readonly sets: Promise<Sets>
  readonly startedAt: number
  /** Once they are read. */
  known?: Sets
  /** Whether a database failed to answer, so that a set is an old one or missing. */
  isPartial: boolean
}

/**
 * What each person belongs to: read once and kept for a moment, so that a request costs nothing for it. While a
 * database is down its last answer serves on for a while; after that, whatever depends on it says so. A person's
 * requests at the same time share one read.
 */
export class ScopeCache implements Scopes {
  readonly #options: Required<ScopeCacheOptions>
  readonly #entries = new Map<number, Entry>()

  constructor(options: ScopeCacheOptions) {
    this.#options = {
      freshMs: 30_000,
      staleMs: 300_000,
      retryMs: 1_000,
      size: 10_000,
      now: () => performance.now(),
      ...options,
    }
  }

  async scopeOf(user: number): Promise<Scope> {
    const sets = await this.#entry(user).sets
    return {
      keys: (set) => {
        const found = sets[set]
        if (found instanceof Error) throw found
        return found.keys
      },
    }
  }

  drop(user?: number): void {
    if (user === undefined) this.#entries.clear()
    else this.#entries.delete(user)
  }

  dropProject(project: number): void {
    for (const [user, { known }] of this.#entries) {
      // What is being read may have been read before the change.
      const isConcerned =
        !known || [known.memberProjects, known.projects].some((set) => !holdsNot(set, project))
      if (isConcerned) this.#entries.delete(user)
    }
  }

  #entry(user: number): Entry {
    const { freshMs, retryMs, size, now } = this.#options
    const known = this.#entries.get(user)
    if (known && now() - known.startedAt < (known.isPartial ? retryMs : freshMs)) return known
    const entry: Entry = { startedAt: now(), sets: this.#read(user, known), isPartial: false }
    void entry.sets.then((sets) => {
      entry.known = sets
      entry.isPartial = Object.values(sets).some(
        (set) => set instanceof Error || set.readAt < entry.startedAt,
      )
    })
    this.#entries.delete(user)
    this.#entries.set(user, entry)
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= size) break
      this.#entries.delete(oldest)
    }
    return entry
  }

  /** A set is as old as the oldest that it was worked out from, or an outage would be made young again. */
  async #read(user: number, known: Entry | undefined): Promise<Sets> {
    const { reader, staleMs, now } = this.#options
    const before = await known?.sets
    const attempt = async (
      set: ScopeSet,
      keys: () => Promise<readonly number[]>,
      basis?: KeySet | Error,
    ): Promise<KeySet | Error> => {
      try {
        const readAt = basis && !(basis instanceof Error) ? basis.readAt : now()
        return { keys: await keys(), readAt }
      } catch (error) {
        const last = before?.[set]
        return last && !(last instanceof Error) && now() - last.readAt < staleMs ? last : (error as Error)
      }
    }
    const keysOf = (set: KeySet | Error) => {
      if (set instanceof Error) throw set
      return set.keys
    }
    const memberProjects = await attempt('memberProjects', () => reader.memberProjects(user))
    const ownership = (async () => reader.ownership(user, keysOf(memberProjects)))()
    ownership.catch(() => {})
    const projects = await attempt(
      'projects',
      async () => [...new Set([...keysOf(memberProjects), ...(await ownership).owned])],
      memberProjects,
    )
    const people = await attempt(
      'people',
      async () => [...new Set([...(await reader.members(keysOf(projects))), ...(await ownership).owners])],
      projects,
    )
    return { memberProjects, projects, people }
  }
}

/** Whether a key is known not to be in a set. */
const holdsNot = (set: KeySet | Error, key: number) => !(set instanceof Error) && !set.keys.includes(key)
