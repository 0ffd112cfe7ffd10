import type { ExpectedDatabase } from './expected.ts'
import type { FoundDatabase } from './found.ts'

/** What runs the statement. */
export interface Inspector {
  query(statement: { text: string; values: unknown[] }): Promise<{ rows: { found: FoundDatabase }[] }>
}

const text = `
WITH RECURSIVE base(oid, base) AS (
  SELECT oid, oid FROM pg_type WHERE typtype <> 'd'
  UNION ALL
  SELECT domain.oid, base.base FROM pg_type domain JOIN base ON base.oid = domain.typbasetype
  WHERE domain.typtype = 'd'
),
relation AS (
  SELECT oid, relname FROM pg_class
  WHERE relnamespace = to_regnamespace('public') AND relkind IN ('r', 'p', 'v', 'm', 'f')
),
columns AS (
  SELECT attribute.attrelid, json_agg(json_build_object(
    'name', attribute.attname,
    'type', format_type(attribute.atttypid, attribute.atttypmod),
    'baseType', type.typname,
    'isEnum', type.typtype = 'e',
    'labels', ARRAY(SELECT enumlabel FROM pg_enum WHERE enumtypid = type.oid ORDER BY enumsortorder),
    'readable', has_column_privilege(attribute.attrelid, attribute.attnum, 'SELECT')
  ) ORDER BY attribute.attnum) AS found
  FROM relation
  JOIN pg_attribute attribute ON attribute.attrelid = relation.oid
  JOIN base ON base.oid = attribute.atttypid
  JOIN pg_type type ON type.oid = base.base
  WHERE relation.relname = ANY($1::text[]) AND attribute.attnum > 0 AND NOT attribute.attisdropped
  GROUP BY attribute.attrelid
)
SELECT json_build_object(
  'database', current_database(),
  'role', current_user,
  'server', json_build_object(
    'startedAt', pg_postmaster_start_time(),
    'maxConnections', current_setting('max_connections')::int,
    'reservedConnections', current_setting('superuser_reserved_connections')::int
      + coalesce(current_setting('reserved_connections', true), '0')::int
  ),
  'schemaUsable', coalesce(has_schema_privilege(to_regnamespace('public')::oid, 'USAGE'), false),
  'tables', coalesce((
    SELECT json_agg(json_build_object(
      'name', relation.relname,
      'readable', has_table_privilege(relation.oid, 'SELECT'),
      'columns', coalesce(columns.found, '[]')
    ) ORDER BY relation.relname)
    FROM relation LEFT JOIN columns ON columns.attrelid = relation.oid
    WHERE relation.relname = ANY($1::text[])
  ), '[]'),
  'sample', ARRAY(SELECT relname FROM relation ORDER BY relname LIMIT 100),
  'elsewhere', ARRAY(
    SELECT nspname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
    WHERE relname = ANY($1::text[]) AND relkind IN ('r', 'p', 'v', 'm', 'f')
      AND nspname NOT IN ('public', 'information_schema') AND nspname !~ '^pg_'
    GROUP BY nspname ORDER BY count(*) DESC, nspname LIMIT 1
  )
) AS found`

/** Reads the catalogue of the database that the inspector is connected to, in one statement. Needs no privilege. */
export async function inspectDatabase(
  inspector: Inspector,
  expected: ExpectedDatabase,
): Promise<FoundDatabase> {
  const names = expected.tables.flatMap(({ name, originalName }) => [name, originalName ?? name])
  const { rows } = await inspector.query({ text, values: [names] })
  const [row] = rows
  if (row === undefined) throw new Error('The catalogue answered no row')
  return row.found
}
