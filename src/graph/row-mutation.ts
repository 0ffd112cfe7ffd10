/*
 * The forms that mutations of rows come in: one that makes a row, one that changes it, one that deletes it. What is
 * refused on the way is the answer; the audit log names the row.
 */
import type { InputFieldMap, InputShapeFromFields } from '@pothos/core'
import { builder } from './builder.ts'
import { keyOfId } from './checked-input.ts'
import type { GraphContext } from './context.ts'
import type { Entity, RowKey } from './entity.ts'
import { entityRef } from './entity-ref.ts'
import { type FailureKind, NotAvailable } from './failure.ts'
import { encodeId } from './global-id.ts'
import { once } from './idempotency.ts'
import { type Access, type MutationDeclaration, type MutationScope, mutation } from './mutation.ts'
import { loadRow, selectionAt } from './rows.ts'
import { nextKey } from './write.ts'
import { IdempotencyKeyReused, InvalidInput, NotFound, Refused, refusable } from './write-failure.ts'

interface RowDeclaration<Input extends InputFieldMap, A extends Access> {
  readonly description: string
  /** Default: a person. */
  readonly access?: A
  readonly of: Entity
  readonly input: NonNullable<MutationDeclaration<Input, object, A>['input']>
  /** Beyond NotFound and InvalidInput. */
  readonly failures?: readonly FailureKind[]
  /** Whether a worker has to act on the row: done only where JOB_COMMANDS says that workers do. */
  readonly commandsWorkers?: boolean
}

export interface Creation<Input extends InputFieldMap, A extends Access = 'person'>
  extends RowDeclaration<Input, A> {
  /** Checks the input, and answers what makes the row with a key, unless it is there. */
  readonly prepare: (
    input: InputShapeFromFields<Input>,
    scope: MutationScope<A>,
  ) => Promise<(key: number) => Promise<void>>
}

export interface Alteration<Input extends InputFieldMap, A extends Access = 'person'>
  extends RowDeclaration<Input, A> {
  /** @param key of the row that the input's `id` names; null where there can be none. */
  readonly run: (
    key: RowKey | null,
    input: InputShapeFromFields<Input>,
    scope: MutationScope<A>,
  ) => Promise<void>
}

interface Written {
  readonly key: RowKey
}

const successName = (name: string) => `${name.slice(0, 1).toUpperCase()}${name.slice(1)}Success`

/** The type of an answer with the row as it is after the write. */
const rowSuccess = (name: string, entity: Entity) =>
  builder.objectRef<Written>(successName(name)).implement({
    description: `The ${entity.name} as it is now.`,
    fields: (t) => ({
      [entity.singular]: t.field({
        type: entityRef(entity),
        nullable: true,
        description: `The ${entity.name}; null when it cannot be read any more.`,
        resolve: ({ key }, _args, context: GraphContext, info) =>
          loadRow(context, entity, key, selectionAt(context, info, entity)),
      }),
    }),
  })

const target = ({ singular }: Entity, key: RowKey | null) => ({ target: `${singular}:${key ?? 'none'}` })

function requireWorkers({ session }: Pick<MutationScope, 'session'>): void {
  if (session.jobCommands !== 'rows')
    throw new Refused(NotAvailable, 'No worker acts on rows here: JOB_COMMANDS is not `rows`.')
}

const idField = (
  t: Parameters<NonNullable<RowDeclaration<InputFieldMap, Access>['input']>>[0],
  entity: Entity,
) => t.id({ required: true, description: `The \`id\` of the ${entity.name}.` })

/** Declares a mutation that makes a row, once for each idempotency key. */
export function creation<Input extends InputFieldMap, A extends Access = 'person'>(
  name: string,
  { description, access, of, input, failures = [], commandsWorkers = false, prepare }: Creation<Input, A>,
): void {
  mutation(name, {
    description,
    access: access ?? ('person' as A),
    input: (t) => ({
      ...input(t),
      idempotencyKey: t.string({
        description:
          'Text that stands for this request, for a day: sent again with the same input, it answers the same row.',
      }),
    }),
    success: rowSuccess(name, of),
    failures: [NotFound, InvalidInput, IdempotencyKeyReused, ...failures],
    run: (given, scope) =>
      refusable(async () => {
        if (commandsWorkers) requireWorkers(scope)
        const { idempotencyKey, ...asked } = given as { readonly idempotencyKey?: string | null }
        const make = await prepare(asked as InputShapeFromFields<Input>, scope)
        const { context, session, principal, note } = scope
        const key = await once({
          session,
          principal,
          action: name,
          key: idempotencyKey,
          input: asked,
          reserve: () => nextKey(context, of),
          make,
        })
        note(target(of, key))
        return { key }
      }),
  })
}

/** Declares a mutation that changes the row of its input's `id`. */
export function alteration<Input extends InputFieldMap, A extends Access = 'person'>(
  name: string,
  { description, access, of, input, failures = [], commandsWorkers = false, run }: Alteration<Input, A>,
): void {
  mutation(name, {
    description,
    access: access ?? ('person' as A),
    input: (t) => ({ id: idField(t, of), ...input(t) }),
    success: rowSuccess(name, of),
    failures: [NotFound, InvalidInput, ...failures],
    run: (given, scope) =>
      refusable(async () => {
        if (commandsWorkers) requireWorkers(scope)
        const { id, ...asked } = given as unknown as { readonly id: string }
        const key = keyOfId(of, id, 'id')
        scope.note(target(of, key))
        await run(key, asked as InputShapeFromFields<Input>, scope)
        return { key: key as RowKey }
      }),
  })
}

/** Declares a mutation that deletes the row of its input's `id`. */
export function deletion<A extends Access = 'person'>(
  name: string,
  {
    description,
    access,
    of,
    failures = [],
    run,
  }: Pick<RowDeclaration<InputFieldMap, A>, 'description' | 'access' | 'of' | 'failures'> & {
    readonly run: (key: RowKey | null, scope: MutationScope<A>) => Promise<void>
  },
): void {
  mutation(name, {
    description,
    access: access ?? ('person' as A),
    input: (t) => ({ id: idField(t, of) }),
    success: builder.objectRef<Written>(successName(name)).implement({
      description: `The ${of.name} is no more.`,
      fields: (t) => ({
        deletedId: t.field({
          type: 'ID',
          nullable: false,
          description: 'The `id` that it had.',
          resolve: ({ key }) => encodeId(of, key),
        }),
      }),
    }),
    failures: [NotFound, InvalidInput, ...failures],
    run: ({ id }, scope) =>
      refusable(async () => {
        const key = keyOfId(of, id as string, 'id')
        scope.note(target(of, key))
        await run(key, scope)
        return { key: key as RowKey }
      }),
  })
}
