import sql, { join, raw, type Sql } from 'sql-template-tag'
import { TributaryError } from '../errors/tributary-error.ts'
import { type Column, storableJson, storableText } from './column.ts'
import type { GraphContext } from './context.ts'
import { type Entity, entityNamed, fieldName } from './entity.ts'
import { type Enumeration, UNKNOWN } from './enumeration.ts'
import type { FilterValue } from './filter-input.ts'
import { anyOf, columnOf, tableName } from './statement.ts'
import { fieldRuleOf, requireAnchor, rowRuleOf } from './visibility.ts'
import { ruleSql } from './visibility-sql.ts'

const maximumNesting = 10
const maximumConditions = 200

/**
 * A filter as a condition on `t`; none for an empty filter. A column counts as empty on rows where the viewer may not
 * read it, and a row that the viewer does not see is none that a relation could have.
 */
export function filterCondition(
  context: GraphContext,
  entity: Entity,
  filter: FilterValue | null | undefined,
): Sql | undefined {
  return new FilterCompiler(context).entity(entity, filter ?? {}, 't', 0)
}

class FilterCompiler {
  readonly #context: GraphContext
  #conditions = 0

  constructor(context: GraphContext) {
    this.#context = context
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
    return this.#relation(entity, name, value as FilterValue, alias, nesting)
  }

  #relation(entity: Entity, name: string, value: FilterValue, alias: string, nesting: number): Sql {
    const relation = entity.relations.get(name)
    if (!relation)
      throw new TributaryError('BAD_INPUT', `${entity.name} has nothing named ${name} to filter by.`)
    const far = entityNamed(relation.to)
    const farAlias = `t${nesting}`
    requireAnchor(this.#context, entity, relation.by)
    requireAnchor(this.#context, far, far.key)
    const joined = sql`${columnOf(farAlias, far.key)} = ${columnOf(alias, relation.by)}`
    const conditions = [
      joined,
      ruleSql(this.#context, entity, fieldRuleOf(this.#context, entity, name), alias),
      ruleSql(this.#context, far, rowRuleOf(this.#context, far), farAlias),
      this.entity(far, value, farAlias, nesting),
    ].filter((condition) => condition !== undefined)
    return sql`EXISTS (SELECT 1 FROM ${tableName(far.table)} ${raw(farAlias)} WHERE ${join(conditions, ' AND ')})`
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

function compare({ column, expression, operator, where, zone }: Comparison, operand: unknown): Sql {
  const isMoment = column.kind.graphType === 'DateTime'
  const encode = (value: unknown) =>
    isMoment
      ? sql`(${value}::timestamptz AT TIME ZONE ${zone})`
      : sql`${checked(value, where)}::${raw(column.kind.cast)}`
  if (operator !== 'in' && operator !== 'notIn')
    return sql`${expression} ${raw(comparisons[operator as keyof typeof comparisons])} ${encode(operand)}`
  const values = (operand as readonly unknown[]).map((value) => checked(nonNull(value, where), where))
  const among =
    values.length === 0
      ? sql`FALSE`
      : isMoment
        ? sql`${expression} IN (${join(values.map(encode))})`
        : anyOf(expression, values, column.kind.cast)
  return operator === 'in' ? among : sql`(${among}) IS NOT TRUE`
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
