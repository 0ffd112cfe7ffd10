import sql, { type Sql } from 'sql-template-tag'

/**
 * Seconds from one moment to another; null where either is missing, or endless. Postgres refuses to subtract moments that
 * are endless or some hundred thousand years apart, so their seconds are subtracted.
 */
export const secondsBetween = (from: Sql, to: Sql): Sql =>
  sql`CASE WHEN isfinite(${from}) AND isfinite(${to}) THEN (extract(epoch FROM ${to}) - extract(epoch FROM ${from}))::float8 END`
