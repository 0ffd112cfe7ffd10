import { PrismaPg } from '@prisma/adapter-pg'
import type { ApiKeyKind } from '../auth/api-keys/api-keys.ts'
import type { Source } from '../database/source.ts'
import type { SourcePool } from '../database/source-pool.ts'

/** A Prisma client, as far as the graph needs to know it. */
export interface PrismaClientLike {
  $disconnect(): Promise<void>
}

/** A database that joins the graph. */
export interface SourceDefinition {
  /** Name in the graph, in configuration and in errors. */
  readonly name: string
  /** One line for people: what is in it and whose it is. */
  readonly description: string
  /** Makes the client of this database; no connection is opened before the first query. */
  createClient(adapter: PrismaPg): PrismaClientLike
  /** How the API keys that the system issues are told and looked up, where they let people in here too. */
  apiKeys?(source: Source): ApiKeyKind
}

/** The client of a source over the source's own pool, so that both kinds of statement share its limits. */
export const clientOver = (definition: SourceDefinition, pool: SourcePool): PrismaClientLike =>
  definition.createClient(new PrismaPg(pool, { disposeExternalPool: false }))
