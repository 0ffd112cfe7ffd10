import { builder } from '../../graph/builder.ts'
import type { Entity, Watching } from '../../graph/entity.ts'
import { entityRef } from '../../graph/entity-ref.ts'
import { type FilterValue, filterInput } from '../../graph/filter-input.ts'
import type { LiveEvent } from '../live-event.ts'
import {
  defaultSnapshot,
  keyNamed,
  maximumSnapshot,
  snapshotSize,
  type Watch,
  watchedBelow,
} from '../watch.ts'
import { changeType, liveArguments, notServed } from './change-type.ts'
import { registerLiveField } from './live-field.ts'

type Arguments = Readonly<Record<string, unknown>>

const sizeOf = (name: string) => (args: Arguments) =>
  snapshotSize(name, args[name] as number | null | undefined)

/** Adds the subscription fields of an entity that is declared to be watched. */
export function addEntityFields(entity: Entity, live: Watching): void {
  const type = changeType({ name: entity.name, of: entityRef(entity) })
  const field = (
    name: string,
    description: string,
    args: Parameters<typeof builder.args>[0],
    watches: (args: Arguments) => readonly Watch[],
  ) => {
    registerLiveField({ name, kind: live.kind, watches })
    builder.subscriptionField(name, (t) =>
      t.field({
        type,
        nullable: true,
        description,
        args: { ...builder.args(args), ...liveArguments },
        subscribe: notServed,
        resolve: (event) => event as unknown as LiveEvent,
      }),
    )
  }
  if (live.below) {
    const argument = `${live.below}Id`
    const { column, parent } = watchedBelow(entity, live.below)
    field(
      live.field ?? `${entity.plural}Appended`,
      `${entity.name} rows of one ${parent.name}: the latest first of all, oldest first, then each as it is written. Rows that are deleted are not told of.`,
      (t) => ({
        [argument]: t.id({ required: true, description: `The ${parent.name}, by its id or its key.` }),
        last: t.int({
          description: `Rows that are there already, ${maximumSnapshot} at most; ${defaultSnapshot} where none is named.`,
        }),
      }),
      (args) => [
        {
          entity,
          by: 'parent',
          column,
          parent,
          key: keyNamed(parent, args[argument] as string),
          limit: sizeOf('last')(args),
        },
      ],
    )
    return
  }
  if (live.kind === 'state')
    field(
      `${entity.singular}Changed`,
      `One ${entity.name}: as it is, then each time it changes.`,
      (t) => ({ id: t.id({ required: true, description: 'The row, by its id or its key.' }) }),
      (args) => [{ entity, by: 'key', key: keyNamed(entity, args.id as string), limit: 1 }],
    )
  field(
    live.field ?? `${entity.plural}${live.kind === 'state' ? 'Changed' : 'Appended'}`,
    live.kind === 'state'
      ? `${entity.name} rows: some as they are, then each that changes, and each that goes.`
      : `${entity.name} rows: some that are there, then each as it is written.`,
    (t) => ({
      filter: t.field({
        type: filterInput(entity),
        description:
          'Which rows. Conditions on other rows are looked at when the row itself changes; those over other databases are refused.',
      }),
      first: t.int({
        description: `Rows of the snapshot, in the order of the connection, ${maximumSnapshot} at most; ${defaultSnapshot} where none is named.`,
      }),
    }),
    (args) => [
      {
        entity,
        by: 'filter',
        filter: (args.filter ?? undefined) as FilterValue | undefined,
        limit: sizeOf('first')(args),
      },
    ],
  )
}
