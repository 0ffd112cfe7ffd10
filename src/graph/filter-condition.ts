import sql, { join, raw, type Sql } from 'sql-template-tag'
import { TributaryError } from '../errors/tributary-error.ts'
import { type Column, storableJson, storableText } from './column.ts'
import { operandSql } from './column-kind.ts'
import type { GraphContext } from './context.ts'
import { type Entity, fieldName } from './entity.ts'
import { type Enumeration, UNKNOWN } from './enumeration.ts'
import type { EdgeKeys } from './filter-edges.ts'
import type { FilterValue } from './filter-input.ts'
import { type FilterLink, linkNamed } from './filter-links.ts'
import { anyOf, columnOf, tableName } from './statement.ts'
import { fieldRuleOf, requireAnchor, rowRuleOf } from './visibility.ts'
import { ruleSql } from './visibility-sql.ts'

const maximumNesting = 10
const maximumConditions = 200

/**
 * A filter as a condition on `t`; none for an empty filter. A column counts as empty on rows where the viewer may not
 * read it, and a row that the viewer does not see is none that a relation could have.
 *
 * @param edges what `resolveEdges` made of the filter's conditions over edges.
 */
export function filterCondition(
  context: GraphContext,
  entity: Entity,
  filter: FilterValue | null | undefined,
  edges: EdgeKeys,
): Sql | undefined {
  return new FilterCompiler(context, edges).entity(entity, filter ?? {}, 't', 0)
}

class FilterCompiler {
  readonly #context: GraphContext
  readonly #edges: EdgeKeys
  #conditions = 0

  constructor(context: GraphContext, edges: EdgeKeys) {
    this.#context = context
    this.#edges = edges
  }

  entity(entity: Entity, filter: FilterValue, alias: string, nesting: number): Sql | undefined {
    if (nesting > maximumNesting)
      throw new TributaryError('BAD_INPUT', `The filter nests deeper than ${maximumNesting} levels.`)
    const names = new Map([...entity.columns.keys()].map((name) => [fieldName(entity, name), name]))
    const parts = Object.entries(filter).flatMap(([name, value]) => {
      if (value === undefined || value === null) return []
      const column = names.get(name)
      if (column) return this.#column(entity, column, value as FilterValue, alias)
      return this.#composite(entity, name, value, alias, nesting + 1) ?? []
    })
    return all(parts)
  }

  #composite(entity: Entity, name: string, value: unknown, alias: string, nesting: number): Sql | undefined {
    const each = (list: unknown) =>
      (list as readonly (FilterValue | null)[]).map(
        (item) => this.entity(entity, item ?? {}, alias, nesting) ?? sql`TRUE`,
      )
    if (name === 'and') return all(each(value))
    if (name === 'or') return any(each(value))
    if (name === 'not') {
      const inner = this.entity(entity, value as FilterValue, alias, nesting)
      return inner ? sql`(${inner}) IS NOT TRUE` : sql`FALSE`
    }
    const link = linkNamed(entity, name)
    if (!link) throw new TributaryError('BAD_INPUT', `${entity.name} has nothing named ${name} to filter by.`)
    const holds = (condition: FilterValue) => {
      const parts = [
        ruleSql(this.#context, entity, fieldRuleOf(this.#context, entity, name), alias),
        link.crosses
          ? this.#amongKeys(entity, link, condition, alias)
          : this.#exists(entity, link, condition, alias, nesting),
      ].filter((part) => part !== undefined)
      return sql`(${join(parts, ' AND ')})`
    }
    if (!link.many) return holds(value as FilterValue)
    const { some, none } = value as { some?: FilterValue | null; none?: FilterValue | null }
    return all([...(some ? [holds(some)] : []), ...(none ? [sql`(${holds(none)}) IS NOT TRUE`] : [])])
  }

  #exists(entity: Entity, link: FilterLink, condition: FilterValue, alias: string, nesting: number): Sql {
    const { far, nearColumn, farColumn, joined } = link
    const farAlias = `t${nesting}`
    requireAnchor(this.#context, entity, nearColumn)
    requireAnchor(this.#context, far, farColumn)
    const conditions = [
      joined?.(alias, farAlias) ?? sql`${columnOf(farAlias, farColumn)} = ${columnOf(alias, nearColumn)}`,
      ruleSql(this.#context, far, rowRuleOf(this.#context, far), farAlias),
      this.entity(far, condition, farAlias, nesting),
    ].filter((part) => part !== undefined)
    return sql`EXISTS (SELECT 1 FROM ${tableName(far.table)} ${raw(farAlias)} WHERE ${join(conditions, ' AND ')})`
  }

  #amongKeys(entity: Entity, link: FilterLink, condition: FilterValue, alias: string): Sql {
    const { nearColumn, far } = link
    requireAnchor(this.#context, entity, nearColumn)
    const keys = this.#edges.get(link)?.get(condition)
    if (!keys)
      throw new TributaryError(
        'BAD_INPUT',
        `A condition on ${far.plural} of ${far.source} cannot be asked here.`,
      )
    const cast = entity.columns.get(nearColumn)?.kind.cast ?? 'text'
    return anyOf(columnOf(alias, nearColumn), keys, cast)
  }

  #column(entity: Entity, name: string, operators: FilterValue, alias: string): Sql[] {
    const column = entity.columns.get(name) as Column
    const expression = this.#readable(entity, name, alias)
    const ignoreCase = operators.ignoreCase === true
    return Object.entries(operators).flatMap(([operator, value]) => {
      if (operator === 'ignoreCase' || value === undefined) return []
      if (++this.#conditions > maximumConditions)
        throw new TributaryError('BAD_INPUT', `The filter has more than ${maximumConditions} conditions.`)
      const where = `${fieldName(entity, name)}.${operator}`
      if (value === null)
        throw new TributaryError('BAD_INPUT', `${where} is null; say isNull: true, or leave it out.`)
      if (operator === 'isNull') return sql`${expression} IS ${raw(value ? 'NULL' : 'NOT NULL')}`
      if (column.enumeration)
        return enumerated(column.enumeration, column.enumType, expression, operator, value)
      if (column.kind.graphType === 'JSON')
        return this.#guarded(entity, alias, sql`${expression}::jsonb @> ${storableJson(value, where)}::jsonb`)
      if (operator in patterns)
        return like(
          expression,
          patterns[operator as keyof typeof patterns](value as string),
          ignoreCase,
          where,
        )
      if (column.kind.isList) return listed(expression, operator, value, where)
      return compare(
        { column, expression, operator, where, zone: this.#context.source(entity.source).timeZone },
        value,
      )
    })
  }

  /** For a condition that a value can make fail: the value of a row that is not seen would tell of itself. */
  #guarded(entity: Entity, alias: string, condition: Sql): Sql {
    const rule = ruleSql(this.#context, entity, rowRuleOf(this.#context, entity), alias)
    return rule ? sql`CASE WHEN ${rule} THEN ${condition} END` : condition
  }

  #readable(entity: Entity, name: string, alias: string): Sql {
    requireAnchor(this.#context, entity, name)
    const rule = ruleSql(
      this.#context,
      entity,
      fieldRuleOf(this.#context, entity, fieldName(entity, name)),
      alias,
    )
    const expression = columnOf(alias, name)
    return rule ? sql`CASE WHEN ${rule} THEN ${expression} END` : expression
  }
}

interface Comparison {
  readonly column: Column
  readonly expression: Sql
  readonly operator: string
  /** Place of the operand in the filter, for messages. */
  readonly where: string
  /** Zone of timestamps without one. */
  readonly zone: string
}

function compare({ column: { kind }, expression, operator, where, zone }: Comparison, operand: unknown): Sql {
  const encode = (value: unknown) => operandSql(kind, checked(value, where), zone)
  if (operator !== 'in' && operator !== 'notIn')
    return sql`${expression} ${raw(comparisons[operator as keyof typeof comparisons])} ${encode(operand)}`
  const values = (operand as readonly unknown[]).map((value) => checked(nonNull(value, where), where))
  const among =
    values.length === 0
      ? sql`FALSE`
      : kind.operand
        ? sql`${expression} IN (${join(values.map(encode))})`
        : anyOf(expression, values, kind.cast)
  return operator === 'in' ? among : sql`(${among}) IS NOT TRUE`
}

/** Conditions on a list of texts. */
function listed(expression: Sql, operator: string, operand: unknown, where: string): Sql {
  const texts = [operand].flat().map((value) => checked(nonNull(value, where), where))
  return operator === 'hasSome'
    ? sql`${expression}::text[] && ${texts}::text[]`
    : sql`${expression}::text[] @> ${texts}::text[]`
}

const comparisons = { eq: '=', ne: 'IS DISTINCT FROM', lt: '<', lte: '<=', gt: '>', gte: '>=' } as const

const literal = (text: string) => text.replace(/[\\%_]/g, '\\$&')
const patterns = {
  contains: (text: string) => `%${literal(text)}%`,
  startsWith: (text: string) => `${literal(text)}%`,
  endsWith: (text: string) => `%${literal(text)}`,
} as const

const like = (expression: Sql, pattern: string, ignoreCase: boolean, where: string) =>
  sql`${expression} ${raw(ignoreCase ? 'ILIKE' : 'LIKE')} ${storableText(pattern, where)}`

const checked = (value: unknown, where: string) =>
  typeof value === 'string' ? storableText(value, where) : value

function nonNull(value: unknown, where: string): unknown {
  if (value === null)
    throw new TributaryError(
      'BAD_INPUT',
      `${where} has null in its list; say isNull: true for rows without a value.`,
    )
  return value
}

/** Labels as the texts that they stand for; UNKNOWN as every text that no label stands for. */
function enumerated(
  enumeration: Enumeration,
  enumType: string | undefined,
  expression: Sql,
  operator: string,
  value: unknown,
): Sql {
  const labels = [value].flat().map((label) => nonNull(label, operator)) as string[]
  const textual = enumType ? sql`${expression}::text` : expression
  const known = labels.flatMap((label) => enumeration.stored(label))
  const parts = known.length > 0 ? [anyOf(textual, known, 'text')] : []
  if (labels.includes(UNKNOWN)) parts.push(sql`${textual} <> ALL(${enumeration.known}::text[])`)
  const among = any(parts)
  return operator === 'eq' || operator === 'in' ? among : sql`(${among}) IS NOT TRUE`
}

const all = (parts: readonly Sql[]) => (parts.length === 0 ? undefined : sql`(${join(parts, ' AND ')})`)
const any = (parts: readonly Sql[]) => (parts.length === 0 ? sql`FALSE` : sql`(${join(parts, ' OR ')})`)
