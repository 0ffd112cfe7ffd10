/**
 * A filter decided on a row's texts, without asking the database.
 *
 * Only conditions of which the texts say the same as Postgres would: equality, membership and absence, of columns whose
 * texts are equal where the values are, and that the viewer reads on every row. Any other filter is Postgres's own to
 * decide. As in SQL, where the conditions on a column without value hold neither way, but `not` makes of that the truth:
 * the compiled SQL says IS NOT TRUE, so two values do.
 */
import type { ColumnValues } from '../changes/change.ts'
import type { Column } from '../graph/column.ts'
import type { GraphContext } from '../graph/context.ts'
import { type Entity, fieldName } from '../graph/entity.ts'
import { UNKNOWN } from '../graph/enumeration.ts'
import type { FilterValue } from '../graph/filter-input.ts'
import { fieldRuleOf } from '../graph/visibility.ts'

/** Whether a filter holds for a row; undefined where a column is missing that would tell. */
export type Predicate = (values: ColumnValues) => boolean | undefined

const comparable = new Set(['Int', 'String', 'Boolean', 'UUID', 'BigInt'])

/** A filter as a predicate; undefined where only Postgres can decide it. */
export function predicateOf(
  context: GraphContext,
  entity: Entity,
  filter: FilterValue | undefined,
): Predicate | undefined {
  const names = new Map([...entity.columns.keys()].map((name) => [fieldName(entity, name), name]))

  const compile = (value: FilterValue): Predicate | undefined => {
    const parts: (Predicate | undefined)[] = []
    for (const [name, operand] of Object.entries(value)) {
      if (operand === undefined || operand === null) continue
      const column = names.get(name)
      if (column) {
        if (fieldRuleOf(context, entity, name).kind !== 'always') return undefined
        parts.push(onColumn(column, entity.columns.get(column) as Column, operand as FilterValue))
      } else if (name === 'and') parts.push(joined(operand as readonly (FilterValue | null)[], every))
      else if (name === 'or') parts.push(joined(operand as readonly (FilterValue | null)[], some))
      else if (name === 'not') parts.push(negated(operand as FilterValue))
      else return undefined
    }
    return parts.every((part) => part !== undefined) ? every(parts) : undefined
  }
  const joined = (list: readonly (FilterValue | null)[], by: typeof every) => {
    const parts = list.map((one) => compile(one ?? {}))
    return parts.every((part) => part !== undefined) ? by(parts) : undefined
  }
  const negated = (value: FilterValue): Predicate | undefined => {
    // An empty condition holds for every row, its opposite for none.
    const part = compile(value)
    return (
      part &&
      ((values) => {
        const holds = part(values)
        return holds === undefined ? undefined : !holds
      })
    )
  }
  return compile(filter ?? {})
}

const every =
  (parts: readonly Predicate[]): Predicate =>
  (values) => {
    let unknown = false
    for (const part of parts) {
      const holds = part(values)
      if (holds === false) return false
      unknown ||= holds === undefined
    }
    return unknown ? undefined : true
  }

const some =
  (parts: readonly Predicate[]): Predicate =>
  (values) => {
    let unknown = false
    for (const part of parts) {
      const holds = part(values)
      if (holds === true) return true
      unknown ||= holds === undefined
    }
    return unknown ? undefined : false
  }

type Test = (text: string | null) => boolean

function onColumn(name: string, column: Column, operators: FilterValue): Predicate | undefined {
  const tests: Test[] = []
  for (const [operator, operand] of Object.entries(operators)) {
    if (operand === undefined || operator === 'ignoreCase') continue
    // What SQL refuses is refused by SQL.
    if (operand === null || (Array.isArray(operand) && operand.includes(null))) return undefined
    const test = testOf(column, operator, operand)
    if (!test) return undefined
    tests.push(test)
  }
  return (values) => {
    const text = values[name]
    return text === undefined ? undefined : tests.every((test) => test(text))
  }
}

function testOf(column: Column, operator: string, operand: unknown): Test | undefined {
  if (operator === 'isNull') return (text) => (text === null) === operand
  const among = amongOf(column, [operand].flat())
  if (!among) return undefined
  switch (operator) {
    case 'eq':
    case 'in':
      return among
    case 'ne':
    case 'notIn':
      return (text) => !among(text)
    default:
      return undefined
  }
}

function amongOf({ kind, enumeration }: Column, operands: readonly unknown[]): Test | undefined {
  if (kind.isList) return undefined
  if (enumeration) {
    const stored = new Set(operands.flatMap((label) => enumeration.stored(label as string)))
    const known = operands.includes(UNKNOWN) ? new Set(enumeration.known) : undefined
    return (text) => text !== null && (stored.has(text) || (known !== undefined && !known.has(text)))
  }
  if (!comparable.has(kind.graphType) || kind.cast === 'numeric') return undefined
  const texts = new Set(operands.map((operand) => textOf(kind.graphType, operand)))
  return (text) => text !== null && texts.has(kind.graphType === 'Boolean' ? text.slice(0, 1) : text)
}

const textOf = (type: string, operand: unknown) =>
  type === 'Boolean'
    ? operand
      ? 't'
      : 'f'
    : type === 'UUID'
      ? String(operand).toLowerCase()
      : String(operand)
