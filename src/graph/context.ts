import type { RequestSession } from '../auth/request-session.ts'
import type { Viewer } from '../auth/viewer.ts'
import type { Watching } from '../changes/watching.ts'
import type { Source } from '../database/source.ts'
import type { SourceReport } from '../database/source-report.ts'
import type { ModelFacade } from './model-facade.ts'

/** The class of a service. */
export type ServiceClass<T extends SourceReport> = abstract new (...given: never[]) => T

/** What every resolver gets: the sources, and what this one request has loaded of them. */
export interface GraphContext {
  /** A source by name. */
  source(name: string): Source
  /** A system behind the graph that is no database, by its class. */
  service<T extends SourceReport>(kind: ServiceClass<T>): T
  /** Every source, in the order of the table of sources, and the services after them. */
  readonly sources: readonly SourceReport[]
  /** How the changes of a source come here. */
  watching(source: string): Watching
  /** Prisma's model delegates of every database. */
  readonly models: ModelFacade
  /** Who asks, and what that person belongs to. */
  readonly viewer: Viewer
  /** Who asks, from where, and what signing in and writing need. */
  readonly session: RequestSession
  /** Loaders and memoised answers of this request. */
  readonly memo: Map<string, unknown>
}

/** One value a request and key, made at first use. */
export function memoised<T>(context: GraphContext, key: string, make: () => T): T {
  if (!context.memo.has(key)) context.memo.set(key, make())
  return context.memo.get(key) as T
}
