import sql, { type Sql } from 'sql-template-tag'
import { claim } from './claim.ts'
import type { GraphContext } from './context.ts'
import type { Entity, RowKey } from './entity.ts'
import { enumerationOf } from './entity-enumeration.ts'
import { columnOf } from './statement.ts'
import type { Run } from './transaction.ts'
import { updateRow, type Values } from './write.ts'
import { IllegalTransition, Refused } from './write-failure.ts'

/** The statuses that may be asked for, each with those from which: labels of the status’s enumeration. */
export type StateMachine = Readonly<Record<string, readonly string[]>>

export interface Transition {
  readonly entity: Entity
  readonly key: RowKey | null
  readonly may: Sql
  readonly machine: StateMachine
  readonly to: string
  /** What else changes with the status. */
  readonly values?: Values
}

/**
 * Moves a row to another status. Of several that try at once, the database lets one after the other look.
 *
 * @returns the status that it had, as stored.
 * @throws Refused NotFound, NotPermitted, IllegalTransition.
 */
export async function move(
  run: Run,
  context: GraphContext,
  { entity, key, may, machine, to, values = {} }: Transition,
): Promise<string> {
  const enumeration = enumerationOf(entity, 'status')
  const { status } = await claim(run, context, {
    entity,
    key,
    may,
    lock: 'NO KEY UPDATE',
    columns: ['status'],
  })
  const from = (machine[to] ?? []).flatMap((label) => enumeration.stored(label))
  const isMoved = await updateRow(run, entity, {
    key,
    values: { status: enumeration.stored(to)[0], ...values },
    where: sql`${columnOf('t', 'status')} = ANY(${from})`,
  })
  if (!isMoved) throw illegal(entity, machine, { from: enumeration.label(String(status)), to })
  return String(status)
}

function illegal(entity: Entity, machine: StateMachine, { from, to }: { from: string; to: string }): Refused {
  const allowed = Object.keys(machine).filter((label) => machine[label]?.includes(from))
  const instead = allowed.length > 0 ? `it can become ${allowed.join(' or ')}` : 'it stays so'
  const message = `This ${entity.name} is ${from} and cannot become ${to}; ${instead}.`
  return new Refused(IllegalTransition, message, { from, to, allowed })
}
