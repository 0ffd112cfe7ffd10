import type { GraphQLResolveInfo } from 'graphql'
import type { Sql } from 'sql-template-tag'
import type { GraphContext } from '../graph/context.ts'
import type { Entity } from '../graph/entity.ts'
import { UNKNOWN } from '../graph/enumeration.ts'
import type { State } from './job-state.ts'

/** A row with the columns that its kind names. */
export type JobRow = Readonly<Record<string, unknown>>

/** A field that is worked out: the columns it goes by, and how. */
export interface Computed<T> {
  readonly columns: readonly string[]
  readonly resolve: (row: JobRow, context: GraphContext, info: GraphQLResolveInfo) => T | Promise<T>
}

/** How rows of an entity are jobs. Columns are the database's. */
export interface JobKind {
  readonly entity: Entity
  /** The column that tells how far it has come. */
  readonly status: string
  /** The texts of that column, by state. */
  readonly states: Readonly<Partial<Record<State, readonly string[]>>>
  readonly queuedAt?: string
  readonly startedAt?: string
  /** When it ended: the first of these that is not empty. */
  readonly finishedAt: readonly string[]
  /** The column that says why it failed. */
  readonly error: string
  /** From 0 to 1; default 1 for what ended well, else unknown. The entity may have the field already. */
  readonly progress?: Computed<number | null> | 'the entity’s own'
  /** The row of a user of some kind, with its type noted. */
  readonly owner?: Computed<object | null>
  /** Its place among those that wait, from 1. */
  readonly queuePosition?: Computed<number | null>
  /** Why it still waits. */
  readonly pendingReason?: Computed<string | null>
  /** When it moved last, and after how many seconds without that it counts as stale; null where that cannot be told. */
  readonly movement?: Computed<{ readonly at: string; readonly staleAfter: number } | null>
  /** Rows that are listed as a job of their own: a condition on `t`. Default all. */
  readonly listed?: () => Sql
}

const kinds = new Map<Entity, JobKind>()

/** Every kind of job, in the order of declaration. */
export const jobKinds = (): readonly JobKind[] => [...kinds.values()]

export const jobKindOf = (entity: Entity): JobKind | undefined => kinds.get(entity)

export const registerKind = (kind: JobKind): void => void kinds.set(kind.entity, kind)

/** The state that a status stands for. */
export function stateOf({ states }: JobKind, status: unknown): State | typeof UNKNOWN | null {
  if (status == null) return null
  for (const [state, texts] of Object.entries(states))
    if (texts.includes(status as string)) return state as State
  return UNKNOWN
}
