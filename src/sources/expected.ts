import type { ExpectedDatabase } from '../database/expected.ts'
import { entities, expectedTable } from '../graph/entity.ts'

/** What the graph reads of a source's database, from the declarations of its entities. */
export const expectedDatabase = (source: string): ExpectedDatabase => ({
  source,
  tables: entities()
    .filter((entity) => entity.source === source)
    .map(expectedTable),
})
