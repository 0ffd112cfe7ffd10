import { escapeIdentifier } from 'pg'
import { accepts, describeType } from './column-type.ts'
import { type Difference, type DifferenceParts, difference } from './difference.ts'
import type { ExpectedColumn, ExpectedDatabase, ExpectedTable } from './expected.ts'
import type { FoundColumn, FoundDatabase, FoundTable } from './found.ts'

type Parts = Omit<DifferenceParts, 'source' | 'database' | 'severity'> & {
  readonly severity?: Difference['severity']
}

/**
 * What a database has otherwise than the graph expects, one difference a cause: a missing table says nothing of its
 * columns. What the database has beyond it is no difference, but for labels of an enumeration.
 *
 * @param siblings what the graph expects of its other databases, to recognise one in the wrong place.
 */
export function compareDatabase(
  expected: ExpectedDatabase,
  found: FoundDatabase,
  siblings: readonly ExpectedDatabase[] = [],
): Difference[] {
  const tell = ({ severity = 'disabled', ...parts }: Parts) =>
    difference({ source: expected.source, database: found.database, severity, ...parts })
  if (!found.schemaUsable) return [tell(unusableSchema(found))]
  if (found.tables.length === 0 && expected.tables.length > 0)
    return [tell(wrongDatabase(expected, found, siblings))]
  const tables = new Map(found.tables.map((table) => [table.name, table]))
  return expected.tables.flatMap((table) => [...compareTable(table, tables, found.role)].map(tell))
}

function* compareTable(
  expected: ExpectedTable,
  tables: ReadonlyMap<string, FoundTable>,
  role: string,
): Iterable<Parts> {
  const { name, kind, isOptional, originalName } = expected
  const found = tables.get(name)
  if (found === undefined) {
    const original = originalName === undefined ? undefined : tables.get(originalName)
    yield original === undefined
      ? {
          kind: 'missing-table',
          table: name,
          expected: isOptional ? `a ${kind}, where it is in use` : `a ${kind}`,
          found: 'none',
          ...(isOptional ? { severity: 'absent' } : {}),
          remedy: isOptional
            ? 'Nothing has to be done.'
            : `Create the ${kind} in the schema public; \`tributary db migrate\` does where the database is Tributary's own.`,
        }
      : {
          kind: 'original-name',
          table: name,
          expected: `a ${kind} of this name`,
          found: `${original.name}, its name in the original system`,
          remedy: `Rename it, or \`CREATE VIEW public.${name} AS SELECT * FROM public.${original.name}\`.`,
        }
    return
  }
  const columns = new Map(found.columns.map((column) => [column.name, column]))
  const here = expected.columns.filter((column) => columns.has(column.name))
  if (!found.readable && !here.some((column) => columns.get(column.name)?.readable)) {
    yield noPrivilege({ table: name, role })
    return
  }
  for (const column of expected.columns)
    for (const parts of compareColumn(column, columns.get(column.name), { table: name, role }))
      yield { ...parts, table: name, column: column.name }
}

function* compareColumn(
  expected: ExpectedColumn,
  found: FoundColumn | undefined,
  { table, role }: { table: string; role: string },
): Iterable<Parts> {
  if (found === undefined) {
    const type = describeType(expected)
    const remedy = `Add the column, as ${type}.`
    yield { kind: 'missing-column', expected: `a column of type ${type}`, found: 'none', remedy }
    return
  }
  if (!found.readable) yield noPrivilege({ table, role, column: expected.name })
  if (!accepts(expected, found)) {
    const type = describeType(expected)
    yield {
      kind: 'other-type',
      expected: type,
      found: found.type,
      remedy: `Give the column the type ${type}.`,
    }
  } else if (expected.type === 'enum' && expected.enumLabels)
    yield* compareLabels(expected.enumLabels, found.labels)
}

function* compareLabels(expected: readonly string[], found: readonly string[]): Iterable<Parts> {
  const unknown = found.filter((label) => !expected.includes(label))
  const missing = expected.filter((label) => !found.includes(label))
  if (unknown.length > 0)
    yield {
      kind: 'enum-label-unknown',
      expected: `the labels ${expected.join(', ')}`,
      found: `also ${unknown.join(', ')}`,
      remedy: 'Nothing has to be done: it reads as UNKNOWN, with its text beside it.',
      severity: 'notice',
    }
  if (missing.length > 0)
    yield {
      kind: 'enum-label-missing',
      expected: `the labels ${expected.join(', ')}`,
      found: `all but ${missing.join(', ')}`,
      remedy: 'Nothing has to be done: no row can have it, and filters by it are refused.',
      severity: 'notice',
    }
}

function noPrivilege({ table, role, column }: { table: string; role: string; column?: string }): Parts {
  const what = column === undefined ? 'SELECT' : `SELECT (${column})`
  return {
    kind: 'no-privilege',
    table,
    expected: `the privilege SELECT for the role ${role}`,
    found: 'none',
    remedy: `GRANT ${what} ON public.${table} TO ${escapeIdentifier(role)}.`,
  }
}

const unusableSchema = ({ role }: FoundDatabase): Parts => ({
  kind: 'no-privilege',
  expected: `the privilege USAGE of the schema public for the role ${role}`,
  found: 'none',
  remedy: `GRANT USAGE ON SCHEMA public TO ${escapeIdentifier(role)}.`,
})

function wrongDatabase(
  expected: ExpectedDatabase,
  found: FoundDatabase,
  siblings: readonly ExpectedDatabase[],
): Parts {
  const tables = listOf(expected.tables.map(({ name }) => name))
  const [schema] = found.elsewhere
  if (schema !== undefined)
    return {
      kind: 'wrong-database',
      expected: `the tables ${tables} in the schema public`,
      found: `such tables in the schema ${schema}`,
      remedy: `Move them to public, or make a view of each there: \`CREATE VIEW public.… AS SELECT * FROM ${escapeIdentifier(schema)}.…\`.`,
    }
  const there = new Set(found.sample)
  const looksLike = siblings.find(
    ({ source, tables }) =>
      source !== expected.source && tables.filter(({ name }) => there.has(name)).length * 2 > tables.length,
  )
  const names = found.sample.slice(0, 5).join(', ')
  const contents = names === '' ? 'a database without tables' : `none of them but ${names}`
  return {
    kind: 'wrong-database',
    expected: `the tables ${tables}`,
    found: looksLike ? `the tables of the source ${looksLike.source}` : contents,
    remedy:
      names === ''
        ? `Name the right database in the URL, or fill it: \`tributary db migrate\`.`
        : `Name the right database in the URL of the source ${expected.source}.`,
  }
}

const listOf = (names: readonly string[]) =>
  names.length > 5 ? `${names.slice(0, 4).join(', ')} and ${names.length - 4} more` : names.join(', ')
