/*
 * The graph over the hand-made world, everybody who asks it, and what may stand in nobody's, or not in somebody's,
 * answers.
 */
import { expect } from 'vitest'
import { anonymous, type Principal, systemRole } from '../../src/auth/principal.ts'
import type { Viewer } from '../../src/auth/viewer.ts'
import { cloneDatabases, type TestDatabases } from '../support/databases.ts'
import {
  type GraphAnswer,
  gpuKey,
  labelerService,
  openGraph,
  type TestGraph,
  tenantKey,
  user,
} from '../support/graph.ts'
import { keepWorlds } from '../support/worlds.ts'
import { everyone, handMadeWorld, tokenOf } from './hand-made-world.ts'
import { Oracle, tables, type Who } from './oracle.ts'

export interface SeededGraph extends AsyncDisposable {
  readonly databases: TestDatabases
  readonly graph: TestGraph
  readonly oracle: Oracle
  readonly everyone: readonly Who[]
  viewer(who: Who): Promise<Viewer>
  /** Fails where an answer, errors and cursors included, tells what is not for somebody. */
  expectNothingForbidden(who: Who, answer: object, about: string): void
  /** Asks as somebody; fails where the answer, errors and cursors included, tells what is not for that person. */
  ask<T = Record<string, unknown>>(who: Who, document: string): Promise<GraphAnswer<T>>
}

export async function openSeededGraph(): Promise<SeededGraph> {
  await using cleanup = new AsyncDisposableStack()
  const databases = cleanup.use(await cloneDatabases())
  const accounts = await databases.client('users')
  await accounts.query("ALTER TYPE userrole ADD VALUE 'auditor'")
  const keeper = await keepWorlds(databases)
  const world = handMadeWorld(keeper.columns)
  await keeper.put(world)
  const graph = cleanup.use(await openGraph(databases.urls))
  const oracle = new Oracle(world)
  const forbidden = new Map<Who, ReadonlySet<string>>()
  const viewers = new Map<Who, Viewer>()
  const viewer = async (who: Who) => {
    const known = viewers.get(who) ?? (await graph.viewer(principalOf(who)))
    viewers.set(who, known)
    return known
  }
  const expectNothingForbidden = (who: Who, answer: object, about: string) => {
    if (!forbidden.has(who)) forbidden.set(who, forbiddenTokens(oracle, who))
    const told = tokensIn(answer).filter((token) => forbidden.get(who)?.has(token))
    expect(told, `told to ${who.name}, by ${about.slice(0, 300)}`).toEqual([])
  }
  const owned = cleanup.move()
  return {
    databases,
    graph,
    oracle,
    everyone: everyone(world),
    viewer,
    expectNothingForbidden,
    ask: async <T>(who: Who, document: string) => {
      const answer = await graph.ask<T>(await viewer(who), document)
      expectNothingForbidden(who, answer, document)
      return answer
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}

function principalOf(who: Who): Principal {
  if (who.tenant) return tenantKey({ tenantId: who.tenant })
  if (who.gpuUser)
    return gpuKey({
      userId: who.gpuUser.id,
      username: who.gpuUser.name,
      isNumberTaken: who.gpuUser.isNumberTaken === true,
    })
  if (who.id === undefined) return who.labeler ? labelerService : anonymous
  return user({
    id: who.id,
    role: systemRole(who.role as string),
    organizationId: who.organization ?? null,
    audience: who.labeler ? 'labeler' : 'tributary',
    ...(who.email && { email: who.email }),
  })
}

/** What betrays the cells that somebody may not read. */
function forbiddenTokens(oracle: Oracle, who: Who): Set<string> {
  const tokens = new Set<string>()
  for (const type of Object.keys(tables))
    for (const row of oracle.rows(type))
      for (const [column, value] of Object.entries(row)) {
        const token = tokenOf(value)
        if (token && !(oracle.sees(who, type, row) && oracle.reads(who, type, row, column))) tokens.add(token)
      }
  return tokens
}

/** Tokens in an answer, also in the positions that its cursors hold. */
function tokensIn(answer: { readonly errors?: GraphAnswer['errors'] }): string[] {
  const texts: string[] = []
  JSON.stringify(answer, (name, value: unknown) => {
    if (typeof value !== 'string') return value
    texts.push(/cursor$/i.test(name) ? Buffer.from(value, 'base64url').toString() : value)
    return value
  })
  for (const { message } of answer.errors ?? []) texts.push(message)
  return texts.flatMap((text) => [...text.matchAll(/~\d+~|\.\d{6}(?=\D|$)/g)].map(([token]) => token))
}
