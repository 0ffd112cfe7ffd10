import SchemaBuilder from '@pothos/core'
import PrismaPlugin from '@pothos/plugin-prisma'
import type { GraphContext } from './context.ts'
import './given-row.ts'
import { datamodel, type PrismaTypes } from './models.ts'
import './policy-plugin.ts'
import type { Scalars } from './scalars.ts'

/** The one schema builder: entities, relations and jobs add their types to it as they are imported. */
export const builder = new SchemaBuilder<{
  Context: GraphContext
  PrismaTypes: PrismaTypes
  Scalars: Scalars
}>({
  plugins: ['policy', 'givenRows', PrismaPlugin],
  prisma: { client: (context) => context.models, dmmf: datamodel },
})

builder.queryType({ description: 'Every way to read the graph.' })
