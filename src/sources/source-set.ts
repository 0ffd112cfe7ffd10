import type { Logger } from 'pino'
import type { ApiKeyKind } from '../auth/api-keys/api-keys.ts'
import type { RequestSession } from '../auth/request-session.ts'
import type { Viewer } from '../auth/viewer.ts'
import type { Watching } from '../changes/watching.ts'
import type { SourceConfig } from '../config/source-config.ts'
import { Source } from '../database/source.ts'
import type { GraphContext } from '../graph/context.ts'
import { entities } from '../graph/entity.ts'
import { modelFacade } from '../graph/model-facade.ts'
import { clientOver, type PrismaClientLike, type SourceDefinition } from '../graph/source-definition.ts'
import { expectedDatabase } from './expected.ts'
import { sourceTable } from './table.ts'

/** Every source of the table, configured or not, with its client. */
export interface SourceSet extends AsyncDisposable {
  readonly sources: readonly Source[]
  /** Kinds of API keys of the sources that are configured. */
  readonly apiKeyKinds: readonly ApiKeyKind[]
  /** A context for one request. */
  createContext(viewer: Viewer, session: RequestSession, watching?: GraphContext['watching']): GraphContext
}

/** Makes the sources and looks at each once. Never fails for a source that cannot be reached: it is tried again. */
export async function startSources(configs: readonly SourceConfig[], log: Logger): Promise<SourceSet> {
  const members = new Map(sourceTable.map((definition) => [definition.name, member(definition)]))
  const sources = [...members.values()].map(({ source }) => source)
  const models = modelFacade(entities(), memberNamed)
  await Promise.all(sources.map((source) => source.start()))
  return {
    sources,
    apiKeyKinds: sourceTable.flatMap((definition) => {
      const { source } = memberNamed(definition.name)
      return source.config && definition.apiKeys ? [definition.apiKeys(source)] : []
    }),
    createContext: (viewer, session, watching = notWatched) => ({
      source: (name) => memberNamed(name).source,
      sources,
      watching,
      models,
      viewer,
      session,
      memo: new Map(),
    }),
    async [Symbol.asyncDispose]() {
      await Promise.all([...members.values()].map((one) => one.close()))
    },
  }

  function member(definition: SourceDefinition) {
    const config = configs.find(({ name }) => name === definition.name)
    const source = new Source({
      name: definition.name,
      ...(config ? { config } : {}),
      expected: expectedDatabase(definition.name),
      siblings: sourceTable
        .filter(({ name }) => name !== definition.name)
        .map(({ name }) => expectedDatabase(name)),
      log,
    })
    let client: PrismaClientLike | undefined
    return {
      source,
      client: () => {
        client ??= clientOver(definition, source.pool)
        return client
      },
      close: async () => {
        await client?.$disconnect()
        await source[Symbol.asyncDispose]()
      },
    }
  }

  function memberNamed(name: string) {
    const found = members.get(name)
    if (!found) throw new Error(`No source is named ${name}.`)
    return found
  }
}

const notWatched = (): Watching => ({
  state: 'NOT_CAPTURED',
  reason: 'nothing is captured here',
  unwatched: {},
})
