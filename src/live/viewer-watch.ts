/**
 * Sees to it that those who watch are who they were: a changed role, a membership taken away, a locked account take
 * effect on open subscriptions within a second.
 *
 * What the log tells of accounts and memberships makes all who watch be looked at again, together, in a statement a
 * table; where nobody captures those tables, they are looked at once a second. A row that is deleted tells nothing but its
 * key, so it is not tried to tell whom a change concerns: whose facts and sets are as they were is left alone.
 */
import { type Principal, type SystemRole, systemRole, type UserPrincipal } from '../auth/principal.ts'
import type { Scopes } from '../auth/scope.ts'
import type { Viewer } from '../auth/viewer.ts'
import type { Change } from '../changes/change.ts'
import { TributaryError } from '../errors/tributary-error.ts'

/** What decides what a person sees, as the databases have it now. */
export interface PersonFacts {
  /** As stored. */
  readonly role: string
  readonly email: string
  readonly organizationId: number | null
  readonly memberProjects: readonly number[]
  readonly ownProjects: readonly number[]
}

/** Reads the facts of people; those who are gone or locked are left out. */
export type ReadPeople = (users: readonly number[]) => Promise<ReadonlyMap<number, PersonFacts>>

/** Something that a person watches. */
export interface Viewing {
  readonly viewer: Viewer
  /** Takes who the person is by now. */
  renew(viewer: Viewer): void
  fail(error: unknown): void
}

export interface ViewerWatchOptions {
  readonly read: ReadPeople
  readonly scopes: Scopes
  /** Whether the log tells of a source's table. */
  readonly isTold: (source: string, table: string) => boolean
  /** Between two looks where it does not, in milliseconds. Default 1,000. */
  readonly everyMs?: number
  /** Between what the log tells and the look, in milliseconds. Default 50. */
  readonly delayMs?: number
}

/** Tables by source whose rows decide what people see. */
const deciding: Readonly<Record<string, readonly string[]>> = {
  users: ['users', 'project_members'],
  platform: ['projects'],
}

export class ViewerWatch implements Disposable {
  readonly #options: Required<ViewerWatchOptions>
  readonly #viewings = new Map<number, Set<Viewing>>()
  readonly #timer: NodeJS.Timeout
  #due: NodeJS.Timeout | undefined
  #looking: Promise<void> = Promise.resolve()

  constructor(options: ViewerWatchOptions) {
    this.#options = { everyMs: 1_000, delayMs: 50, ...options }
    this.#timer = setInterval(() => {
      if (!this.#isTold) void this.look()
    }, this.#options.everyMs)
  }

  add(viewing: Viewing): void {
    const user = userOf(viewing.viewer.principal)
    if (!user) return
    const viewings = this.#viewings.get(user.id) ?? new Set()
    this.#viewings.set(user.id, viewings.add(viewing))
  }

  delete(viewing: Viewing): void {
    const user = userOf(viewing.viewer.principal)
    const viewings = user && this.#viewings.get(user.id)
    viewings?.delete(viewing)
    if (user && viewings?.size === 0) this.#viewings.delete(user.id)
  }

  /** Takes what the log tells of a source. */
  apply(source: string, change: Change): void {
    if (!deciding[source]?.includes(change.table)) return
    const { scopes, delayMs } = this.#options
    forget(scopes, change)
    this.#due ??= setTimeout(() => {
      this.#due = undefined
      void this.look()
    }, delayMs)
  }

  /** The log was broken off: whatever decides may have changed. */
  lost(): void {
    this.#options.scopes.drop()
    void this.look()
  }

  /** Looks at everybody who watches. */
  look(): Promise<void> {
    this.#looking = this.#looking.then(() => this.#look())
    return this.#looking
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
    clearTimeout(this.#due)
    this.#viewings.clear()
  }

  get #isTold(): boolean {
    const { isTold } = this.#options
    return Object.entries(deciding).every(([source, tables]) =>
      tables.every((table) => isTold(source, table)),
    )
  }

  async #look(): Promise<void> {
    const users = [...this.#viewings.keys()]
    if (users.length === 0) return
    // While a database is down nothing is known to have changed.
    const people = await this.#options.read(users).catch(() => undefined)
    if (!people) return
    const changed = new Set<number>()
    for (const user of users) {
      const facts = people.get(user)
      for (const viewing of [...(this.#viewings.get(user) ?? [])])
        if (!facts) viewing.fail(locked())
        else if (differ(viewing.viewer, facts)) changed.add(user)
    }
    await Promise.all([...this.#concerned(changed, people)].map((user) => this.#renew(user, people)))
  }

  /** Those who changed, and those who know them by a project that they joined or left. */
  #concerned(changed: ReadonlySet<number>, people: ReadonlyMap<number, PersonFacts>): Set<number> {
    const projects = new Set<number>()
    for (const user of changed)
      for (const { viewer } of this.#viewings.get(user) ?? [])
        for (const project of difference(keysOf(viewer, 'projects'), allProjects(people.get(user))))
          projects.add(project)
    const concerned = new Set(changed)
    for (const [user, facts] of people)
      if (allProjects(facts).some((project) => projects.has(project))) concerned.add(user)
    return concerned
  }

  async #renew(user: number, people: ReadonlyMap<number, PersonFacts>): Promise<void> {
    const facts = people.get(user)
    if (!facts) return
    const { scopes } = this.#options
    scopes.drop(user)
    const scope = await scopes.scopeOf(user)
    const role: SystemRole = systemRole(facts.role)
    const { email, organizationId } = facts
    for (const viewing of [...(this.#viewings.get(user) ?? [])]) {
      const principal = { ...(viewing.viewer.principal as UserPrincipal), role, email, organizationId }
      viewing.renew({ ...viewing.viewer, principal, scope })
    }
  }
}

const userOf = (principal: Principal): UserPrincipal | undefined =>
  principal.kind === 'user' ? principal : undefined

const locked = () => new TributaryError('UNAUTHENTICATED', 'The account is locked or gone.')

/** Forgets the scopes that a change concerns; whose, a deleted row does not say. */
function forget(scopes: Scopes, change: Change): void {
  if (change.table === 'users') return
  if (change.kind !== 'insert' && change.kind !== 'update') {
    scopes.drop()
    return
  }
  const { user_id: user, project_id: member } = change.values
  const project = change.table === 'projects' ? change.key : member
  if (project != null) scopes.dropProject(Number(project))
  if (user != null) scopes.drop(Number(user))
}

function keysOf({ scope }: Viewer, set: 'memberProjects' | 'projects'): readonly number[] {
  try {
    return scope.keys(set)
  } catch {
    // A set that could not be read is another as soon as it can.
    return []
  }
}

const allProjects = (facts: PersonFacts | undefined): number[] =>
  facts ? [...new Set([...facts.memberProjects, ...facts.ownProjects])] : []

const difference = (left: readonly number[], right: readonly number[]) => [
  ...left.filter((one) => !right.includes(one)),
  ...right.filter((one) => !left.includes(one)),
]

function differ(viewer: Viewer, facts: PersonFacts): boolean {
  const { role, email, organizationId } = viewer.principal as UserPrincipal
  return (
    role !== systemRole(facts.role) ||
    email !== facts.email ||
    organizationId !== facts.organizationId ||
    // Whoever owned a project and is a member of it now sees the same projects, by another rule.
    difference(keysOf(viewer, 'memberProjects'), facts.memberProjects).length > 0 ||
    difference(keysOf(viewer, 'projects'), allProjects(facts)).length > 0
  )
}
