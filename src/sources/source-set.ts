import type { Logger } from 'pino'
import type { ApiKeyKind } from '../auth/api-keys/api-keys.ts'
import type { RequestSession } from '../auth/request-session.ts'
import type { Viewer } from '../auth/viewer.ts'
import type { Watching } from '../changes/watching.ts'
import type { LabelerConfig } from '../config/labeler-config.ts'
import type { SourceConfig } from '../config/source-config.ts'
import { Source } from '../database/source.ts'
import type { SourceReport } from '../database/source-report.ts'
import type { GraphContext, ServiceClass } from '../graph/context.ts'
import { entities } from '../graph/entity.ts'
import { modelFacade } from '../graph/model-facade.ts'
import { clientOver, type PrismaClientLike, type SourceDefinition } from '../graph/source-definition.ts'
import { expectedDatabase } from './expected.ts'
import { Labeler } from './labeler/labeler.ts'
import { sourceTable } from './table.ts'

/** Every source of the table, configured or not, with its client. */
export interface SourceSet extends AsyncDisposable {
  readonly sources: readonly Source[]
  /** What is behind the graph and is no database. */
  readonly services: readonly SourceReport[]
  /** Kinds of API keys of the sources that are configured. */
  readonly apiKeyKinds: readonly ApiKeyKind[]
  /** A context for one request. */
  createContext(viewer: Viewer, session: RequestSession, watching?: GraphContext['watching']): GraphContext
}

/** Makes the sources and looks at each once. Never fails for a source that cannot be reached: it is tried again. */
export async function startSources(
  configs: readonly SourceConfig[],
  log: Logger,
  labelerConfig?: LabelerConfig,
): Promise<SourceSet> {
  const members = new Map(sourceTable.map((definition) => [definition.name, member(definition)]))
  const sources = [...members.values()].map(({ source }) => source)
  const models = modelFacade(entities(), memberNamed)
  const labeler = new Labeler({ config: labelerConfig, log })
  const services = [labeler]
  const reports = [...sources, ...services]
  await Promise.all(reports.map((source) => source.start()))
  return {
    sources,
    services,
    apiKeyKinds: sourceTable.flatMap((definition) => {
      const { source } = memberNamed(definition.name)
      return source.config && definition.apiKeys ? [definition.apiKeys(source)] : []
    }),
    createContext: (viewer, session, watching = notWatched) => ({
      source: (name) => memberNamed(name).source,
      watching,
      service: serviceOf,
      sources: reports,
      models,
      viewer,
      session,
      memo: new Map(),
    }),
    async [Symbol.asyncDispose]() {
      await Promise.all([...members.values()].map((one) => one.close()))
      await labeler[Symbol.asyncDispose]()
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

  function serviceOf<T extends SourceReport>(kind: ServiceClass<T>): T {
    const found = services.find((service): service is typeof service & T => service instanceof kind)
    if (!found) throw new Error(`No service is a ${kind.name}.`)
    return found
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
