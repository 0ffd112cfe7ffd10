import type { ExpectedDatabase } from '../database/expected.ts'
import { entities, expectedTable } from '../graph/entity.ts'
import { furtherTables } from '../graph/further-table.ts'

/** What the graph reads of a source's database, from the declarations of its entities and of what has none. */
export const expectedDatabase = (source: string): ExpectedDatabase => ({
  source,
  tables: [
    ...entities()
      .filter((entity) => entity.source === source)
      .map(expectedTable),
    ...furtherTables(source),
  ],
})
