import sql, { type Sql } from 'sql-template-tag'
import { TributaryError } from '../errors/tributary-error.ts'

/** Points of a series where none are asked for, and at most. */
export const defaultPoints = 320
export const maximumPoints = 10_000

/** @throws TributaryError BAD_INPUT for fewer than 4 points, or more than a chart has. */
export function requirePoints(maxPoints: number): void {
  if (maxPoints < 4 || maxPoints > maximumPoints)
    throw new TributaryError('BAD_INPUT', `maxPoints is ${maxPoints}; it goes from 4 to ${maximumPoints}.`)
}

export interface SampledSeries {
  /** A query of all points, with a column `value` of `double precision`. */
  readonly points: Sql
  /** The columns that tell one series from another. */
  readonly series: Sql
  /** The order of a series, without ties. */
  readonly order: Sql
  /** What is told of a point that stays, beside `total`, how many points its series has. */
  readonly output: Sql
  readonly maxPoints: number
}

/**
 * Several series in one statement, sampled where the rows are. The points of a series, in order, are cut into buckets
 * of equal count, and of each bucket its least and its greatest value stay, so that no spike is lost; the first and the
 * last point stay as well. Taking every n-th row instead would hide what lies between.
 *
 * NaN and the infinities sort with the finite values but would win every bucket, so a bucket's extremes are those of its
 * finite values, where it has any.
 */
export const sampledSeries = ({ points, series, order, output, maxPoints }: SampledSeries): Sql => sql`
  WITH points AS (${points}), numbered AS (
    SELECT *, row_number() OVER ordered AS n, count(*) OVER (PARTITION BY ${series})::integer AS total
    FROM points WHERE value IS NOT NULL
    WINDOW ordered AS (PARTITION BY ${series} ORDER BY ${order})
  ), bucketed AS (
    SELECT *, (n - 1) * ${Math.max(1, Math.floor((maxPoints - 2) / 2))}::integer / total AS bucket,
      value IN ('NaN', 'Infinity', '-Infinity') AS endless
    FROM numbered
  ), ranked AS (
    SELECT *, row_number() OVER (PARTITION BY ${series}, bucket ORDER BY endless, value, n) AS least,
      row_number() OVER (PARTITION BY ${series}, bucket ORDER BY endless, value DESC, n) AS greatest
    FROM bucketed
  )
  SELECT ${output}, total FROM ranked
  WHERE total <= ${maxPoints} OR n = 1 OR n = total OR least = 1 OR greatest = 1
  ORDER BY ${series}, n`
