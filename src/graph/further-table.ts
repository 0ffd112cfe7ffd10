import type { ExpectedTable } from '../database/expected.ts'

const tables = new Map<string, ExpectedTable[]>()

/** Declares a table of a source that no entity is behind, and computed fields read: it is checked like the others. */
export function declareTable(source: string, table: ExpectedTable): void {
  tables.set(source, [...(tables.get(source) ?? []), table])
}

/** The tables of a source that no entity is behind. */
export const furtherTables = (source: string): readonly ExpectedTable[] => tables.get(source) ?? []
