import { escapeIdentifier } from 'pg'
import type { CaptureNames, CaptureState, TableState } from './capture-state.ts'
import type { CapturedTable } from './captured-table.ts'

/** What a database lacks to be captured. */
export interface CapturePlan {
  /** What keeps it from being captured, each with what to do; setting it up does not mend these. */
  readonly obstacles: readonly string[]
  /** Statements that make the publication what it has to be, in their order; none where it is. */
  readonly publication: readonly string[]
  /** Whether the role that looked may run them. */
  readonly mayPublish: boolean
  /** Tables whose changes will not come even so, and why. */
  readonly impossible: Readonly<Record<string, string>>
  /** Tables whose changes do not come as it is, and why. */
  readonly unwatched: Readonly<Record<string, string>>
  readonly warnings: readonly string[]
}

const oldestVersion = 140_000

/** Where a source is left with less of its owner's disk, in megabytes, than a slot should be able to keep. */
const leastKeptMegabytes = 1_024

/** What follows from what was found. */
export function planCapture(state: CaptureState, names: CaptureNames): CapturePlan {
  const found = new Map(state.tables.map((table) => [table.name, table]))
  const impossible: Record<string, string> = {}
  const unwatched: Record<string, string> = {}
  const additions: TableState[] = []
  const replacements: TableState[] = []
  for (const wanted of names.tables) {
    const table = found.get(wanted.name)
    const reason = unfitness(wanted, table)
    if (reason !== undefined) impossible[wanted.name] = reason
    else if (table?.isRestricted) replacements.push(table)
    else if (table && !table.isPublished) additions.push(table)
    if (reason ?? !table?.isPublished)
      unwatched[wanted.name] = reason ?? `the publication ${names.publication} does not have it`
    else if (table?.isRestricted)
      unwatched[wanted.name] = `the publication ${names.publication} has a row filter or a column list for it`
  }
  return {
    obstacles: [...obstacles(state, names)],
    publication: publicationStatements(state, names, { additions, replacements }),
    mayPublish:
      state.isSuperuser ||
      ((state.publication ? state.publication.isOwn : state.mayCreate) &&
        [...additions, ...replacements].every(({ isOwn }) => isOwn)),
    impossible,
    unwatched,
    warnings: [...warnings(state)],
  }
}

/** Why a table can never be watched as it is. */
function unfitness(wanted: CapturedTable, table: TableState | undefined): string | undefined {
  if (!table) return 'there is no such table in the schema public'
  if (!table.isLogged) return 'it is UNLOGGED, so the write-ahead log does not tell of it'
  if (table.primaryKey.length === 0)
    return 'it has no primary key; published without one, its owner’s updates and deletes would fail'
  if (!table.hasIdentity)
    return 'it has no replica identity (REPLICA IDENTITY NOTHING, or a deferrable primary key); published like that, its owner’s updates and deletes would fail'
  if (wanted.key.every((column) => table.primaryKey.includes(column))) return undefined
  return `its primary key is (${table.primaryKey.join(', ')}), not (${wanted.key.join(', ')})`
}

function* obstacles(state: CaptureState, names: CaptureNames): Iterable<string> {
  const { slot, role, database } = state
  if (state.version < oldestVersion)
    yield `its server is Postgres ${Math.trunc(state.version / 10_000)}; capturing takes 14 or newer`
  if (state.walLevel !== 'logical')
    yield `wal_level is ${state.walLevel} on its server; ALTER SYSTEM SET wal_level = 'logical', and start it anew`
  if (state.isStandby) yield 'its server is a standby; name the primary in the URL of the capture'
  if (!state.mayReplicate)
    yield `the role ${role} may not replicate; ALTER ROLE ${escapeIdentifier(role)} REPLICATION, or name another role in the URL of the capture`
  if (!slot && state.usedSlots >= state.maxSlots)
    yield `all ${state.maxSlots} replication slots of its server are taken; raise max_replication_slots`
  if (!slot?.activePid && state.usedSenders >= state.maxSenders)
    yield `all ${state.maxSenders} WAL senders of its server are taken; raise max_wal_senders`
  if (slot && (slot.plugin !== 'pgoutput' || slot.database !== database || slot.isTemporary))
    yield `the slot ${names.slot} is somebody else’s (${slot.plugin ?? 'physical'}, of ${slot.database ?? 'the server'}); name another for this database`
}

interface Tables {
  readonly additions: readonly TableState[]
  readonly replacements: readonly TableState[]
}

function publicationStatements(
  { publication }: CaptureState,
  names: CaptureNames,
  { additions, replacements }: Tables,
): string[] {
  const name = escapeIdentifier(names.publication)
  const list = (tables: readonly TableState[]) => tables.map((table) => publicTable(table.name)).join(', ')
  if (!publication)
    return additions.length === 0
      ? []
      : [`CREATE PUBLICATION ${name} FOR TABLE ${list(additions)} WITH (publish_via_partition_root = true)`]
  const added = [...replacements, ...additions]
  return [
    ...(publication.operations.length < 4
      ? [`ALTER PUBLICATION ${name} SET (publish = 'insert, update, delete, truncate')`]
      : []),
    ...(replacements.length > 0 ? [`ALTER PUBLICATION ${name} DROP TABLE ${list(replacements)}`] : []),
    ...(added.length > 0 ? [`ALTER PUBLICATION ${name} ADD TABLE ${list(added)}`] : []),
  ]
}

const publicTable = (name: string) => `public.${escapeIdentifier(name)}`

function* warnings(state: CaptureState): Iterable<string> {
  const kept = state.maxKeptMegabytes
  if (kept === -1)
    yield 'max_slot_wal_keep_size is not set on its server: while nobody captures, the slot keeps WAL until the disk is full; set it to some gigabytes'
  else if (kept < leastKeptMegabytes)
    yield `max_slot_wal_keep_size is ${kept} MB on its server: a short pause of the capture may cost the slot; set it to some gigabytes`
  if (state.slot?.walStatus === 'lost')
    yield 'the slot is lost: what it would have told is gone, and it is made anew'
}
