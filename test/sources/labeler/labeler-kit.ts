import { Client } from 'pg'
import type { UserPrincipal } from '../../../src/auth/principal.ts'
import { type LabelerStandIn, startLabelerStandIn } from '../../../src/embedded/labeler/stand-in.ts'
import { cloneDatabases, createEmptyDatabase, type TestDatabases } from '../../support/databases.ts'
import { type GraphAnswer, openGraph, type TestGraph, user } from '../../support/graph.ts'

export const secret = 'a secret that the Labeler and the platform share'

/** A graph over the seeded world with a Labeler beside it. */
export interface LabelerWorld extends AsyncDisposable {
  readonly databases: TestDatabases
  readonly standIn: LabelerStandIn
  readonly graph: TestGraph
  /** The Labeler's own database. */
  readonly datasets: Client
  /** Calls that came in since it was asked last, sorted. */
  calls(): string[]
  ask<T = Record<string, never>>(
    who: Partial<UserPrincipal> & { id: number },
    document: string,
  ): Promise<GraphAnswer<T>>
  /** The same; fails where the answer has errors. */
  query<T = Record<string, never>>(who: Partial<UserPrincipal> & { id: number }, document: string): Promise<T>
}

export async function openLabelerWorld(env: Readonly<Record<string, string>> = {}): Promise<LabelerWorld> {
  await using cleanup = new AsyncDisposableStack()
  const databases = cleanup.use(await cloneDatabases({ seeded: true }))
  const own = cleanup.use(await createEmptyDatabase())
  const datasets = new Client({ connectionString: own.url })
  datasets.on('error', () => {})
  await datasets.connect()
  cleanup.defer(() => datasets.end())
  const standIn = cleanup.use(await startLabelerStandIn({ databaseUrl: own.url, secret }))
  const graph = cleanup.use(
    await openGraph(databases.urls, {
      LABELER_API_URL: standIn.url,
      SERVICE_JWT_SECRET: secret,
      ...env,
    }),
  )
  let told = 0
  const ask: LabelerWorld['ask'] = async (who, document) => graph.ask(await graph.viewer(user(who)), document)
  const owned = cleanup.move()
  return {
    databases,
    standIn,
    datasets,
    graph,
    calls: () => {
      const since = standIn.requests.slice(told)
      told = standIn.requests.length
      return since.toSorted()
    },
    ask,
    query: async <T>(who: Partial<UserPrincipal> & { id: number }, document: string) => {
      const answer = await ask<T>(who, document)
      if (answer.errors || !answer.data) throw new Error(`${document}\n${JSON.stringify(answer, null, 2)}`)
      return answer.data
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
