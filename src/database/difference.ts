export type DifferenceKind =
  | 'wrong-database'
  | 'missing-table'
  | 'original-name'
  | 'missing-column'
  | 'other-type'
  | 'enum-label-missing'
  | 'enum-label-unknown'
  | 'no-privilege'

/** Something that a database has otherwise than the graph expects. */
export interface Difference {
  readonly kind: DifferenceKind
  readonly source: string
  readonly database: string
  /** Absent where it is about the whole database. */
  readonly table?: string
  /** Absent where it is about the whole table. */
  readonly column?: string
  readonly expected: string
  readonly found: string
  /** What to do about it. */
  readonly remedy: string
  /**
   * `disabled`: the fields that read it answer SOURCE_MISMATCH; `absent`: they do, and that is as it may be;
   * `notice`: everything works.
   */
  readonly severity: 'disabled' | 'absent' | 'notice'
  /** All of it in one line. */
  readonly line: string
}

export type DifferenceParts = Omit<Difference, 'line'>

/** A difference with its line. */
export function difference(parts: DifferenceParts): Difference {
  const { source, database, table, column, expected, found, remedy } = parts
  const place = [table, column].filter((name) => name !== undefined).join('.')
  const where = `${source} (database ${database})${place ? `, ${place}` : ''}`
  return { ...parts, line: `${where}: expected ${expected}, found ${found}. ${remedy}` }
}
