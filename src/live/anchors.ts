/**
 * The rows that decide who sees a row: the project of a job, the job of a log line, with no more of them than the policy
 * reads. A row from the write-ahead log has its own columns, and says of the others their keys alone; what is read of
 * them is kept, and follows what the log tells of their tables, so that a stream of changes costs no statement.
 *
 * What is read may be newer than the change that it is read for. That is right: who sees a row is who may see it now. A
 * row that is being read when the log tells of it is read again.
 *
 * The log has no former row, so only of a row that is kept is it known whether a change has moved it out of somebody's
 * sight or into it. Where lists are watched, all rows of the tables that decide are kept, if they are not too many; else
 * those that decide about what was told. What comes into sight by the move of a row that is not kept is told of when it
 * next changes itself.
 */
import { rowsRule } from '../auth/policy.ts'
import type { Change, ColumnValues } from '../changes/change.ts'
import type { GraphContext } from '../graph/context.ts'
import { decidingColumns, decidingRelations } from '../graph/deciding-columns.ts'
import { type Entity, entities } from '../graph/entity.ts'
import { farEntity, rowRuleOf } from '../graph/visibility.ts'

/** A row as far as rules read it, with the rows that it leads to below the names of their relations. */
export type AnchoredRow = Readonly<Record<string, unknown>>

/** Reads rows of an entity's table: by the texts of a column, or so many of all. */
export type ReadAnchors = (
  entity: Entity,
  which: { readonly column: string; readonly values: readonly string[] } | { readonly limit: number },
  columns: readonly string[],
) => Promise<readonly ColumnValues[]>

type Anchor = ColumnValues | null

/** What is known of rows that are gone, by table and key. */
export type FormerRows = ReadonlyMap<string, ColumnValues>

export const formerRow = (table: string, key: string): string => `${table} ${key}`

interface Kept {
  readonly entity: Entity
  /** The column that others name it by. */
  readonly column: string
  readonly rows: Map<string, Anchor | Promise<Anchor>>
  /** Settles when all rows of the table are kept, or have turned out too many. */
  whole: Promise<void> | undefined
  isWhole: boolean
  /** Keys that the log told of while the whole table was being read. */
  overtaken: Set<string> | undefined
}

/** Rows of one table that are kept at most. */
const maximumKept = 50_000

/** The relations by which an entity's rule goes on to other rows. */
const relationsOf = (entity: Entity) => decidingRelations(rowsRule(entity.name))

/** Every entity that decides about rows of one, but itself. */
export function anchorEntities(entity: Entity, found = new Set<Entity>()): Set<Entity> {
  for (const relation of relationsOf(entity)) {
    const { far } = farEntity(entity, relation)
    if (found.has(far)) continue
    found.add(far)
    anchorEntities(far, found)
  }
  return found
}

/** Those of them whose rows decide anything for the context's viewer: who sees all of a table needs none of it. */
export function decidingEntities(
  context: GraphContext,
  entity: Entity,
  found = new Set<Entity>(),
): Set<Entity> {
  for (const relation of decidingRelations(rowRuleOf(context, entity))) {
    const { far } = farEntity(entity, relation)
    if (found.has(far) || isSeenThroughout(context, far)) continue
    found.add(far)
    decidingEntities(context, far, found)
  }
  return found
}

/** Whether the viewer sees every row of an entity, by whatever it leads to. */
function isSeenThroughout(context: GraphContext, entity: Entity): boolean {
  const rule = rowRuleOf(context, entity)
  if (rule.kind === 'through') return isSeenThroughout(context, farEntity(entity, rule.relation).far)
  return rule.kind === 'always'
}

/** The anchors of one source. */
export class Anchors {
  readonly #read: ReadAnchors
  readonly #source: string
  readonly #kept = new Map<string, Kept>()

  constructor(source: string, read: ReadAnchors) {
    this.#source = source
    this.#read = read
  }

  /**
   * A row with all that rules read of it and beyond it; at once where everything is kept.
   *
   * @param former what rows that are gone were.
   */
  complete(entity: Entity, values: ColumnValues, former?: FormerRows): AnchoredRow | Promise<AnchoredRow> {
    const row: Record<string, unknown> = {}
    for (const column of decidingColumns(entity)) row[column] = parsed(entity, column, values[column])
    const waits: Promise<unknown>[] = []
    for (const relation of relationsOf(entity)) {
      const { by, far, column } = farEntity(entity, relation)
      const name = values[by]
      const completed = (one: Anchor) => {
        const anchor = one ?? (column === far.key && former?.get(formerRow(far.table, name ?? ''))) ?? null
        return anchor && this.complete(far, anchor, former)
      }
      const found = name == null ? null : this.#row(far, column, name)
      const next = found instanceof Promise ? found.then(completed) : completed(found)
      if (next instanceof Promise)
        waits.push(
          next.then((one) => {
            row[relation] = one
          }),
        )
      else row[relation] = next
    }
    return waits.length === 0 ? row : Promise.all(waits).then(() => row)
  }

  /** The row of a key, completed; null where there is none. */
  async ofKey(entity: Entity, key: string): Promise<AnchoredRow | null> {
    const found = await this.#row(entity, entity.key, key)
    return found && this.complete(entity, found)
  }

  /** What the log tells. Answers the entities of whose rows, which decide about others, something may be otherwise. */
  apply(change: Change): readonly Entity[] {
    const touched: Entity[] = []
    for (const kept of this.#kept.values())
      if (kept.entity.table === change.table && this.#applyTo(kept, change)) touched.push(kept.entity)
    return touched
  }

  /** Forgets everything: some changes were not told. */
  clear(): void {
    for (const kept of this.#kept.values()) forget(kept)
  }

  #applyTo(kept: Kept, change: Change): boolean {
    const { entity, column, rows } = kept
    if (change.kind === 'truncate' || change.kind === 'invalidate') {
      forget(kept)
      return true
    }
    const isByKey = column === entity.key
    kept.overtaken?.add(change.key)
    if (change.kind === 'delete' || change.oldKey !== undefined) {
      const former = change.kind === 'delete' ? change.key : (change.oldKey ?? '')
      const wasKept = rows.get(former) != null
      if (!isByKey) rows.clear()
      else rows.delete(former)
      if (change.kind === 'delete') return wasKept
    }
    const { values } = change
    const name = isByKey ? change.key : values[column]
    if (name == null) return true
    const before = rows.get(name)
    const isKnown = before !== undefined || (kept.isWhole && change.kind === 'update')
    const columns = [...new Set([column, entity.key, ...decidingColumns(entity)])]
    // It may name this row by another value now; the former one is not told.
    if (!isByKey && before === undefined && change.kind === 'update') rows.clear()
    if (columns.some((one) => values[one] === undefined)) {
      forget(kept)
      return isKnown
    }
    const after = Object.fromEntries(columns.map((one) => [one, values[one] as string | null]))
    const isSame =
      before != null && !(before instanceof Promise) && columns.every((one) => before[one] === after[one])
    if (!isSame) rows.set(name, after)
    if (kept.isWhole && rows.size > 2 * maximumKept) kept.isWhole = false
    return !isSame && isKnown
  }

  #row(entity: Entity, column: string, name: string): Anchor | Promise<Anchor> {
    const kept = this.#keptBy(entity, column)
    const known = kept.rows.get(name)
    if (known !== undefined) return known
    const reading = this.#batch(kept, name)
    kept.rows.set(name, reading)
    for (const oldest of kept.rows.keys()) {
      if (kept.isWhole || kept.rows.size <= maximumKept) break
      kept.rows.delete(oldest)
    }
    return reading.then(
      (row) => {
        const now = kept.rows.get(name)
        if (now === reading) kept.rows.set(name, row)
        // The log has told of it meanwhile: that holds.
        return now === undefined || now === reading ? row : now
      },
      (error: unknown) => {
        if (kept.rows.get(name) === reading) kept.rows.delete(name)
        throw error
      },
    )
  }

  /** Keeps all rows of an entity's table from now on, if they are not too many; settles when that is so. */
  keepAll(entity: Entity): Promise<void> {
    const kept = this.#keptBy(entity, entity.key)
    kept.whole ??= this.#readAll(kept)
    return kept.whole
  }

  async #readAll(kept: Kept): Promise<void> {
    const { entity, rows } = kept
    const overtaken = new Set<string>()
    kept.overtaken = overtaken
    try {
      const columns = [...new Set([entity.key, ...decidingColumns(entity)])]
      const all = await this.#read(entity, { limit: maximumKept + 1 }, columns)
      // Forgotten meanwhile, or too many.
      if (kept.overtaken !== overtaken || all.length > maximumKept) return
      for (const row of all) {
        const key = String(row[entity.key])
        if (!overtaken.has(key) && !rows.has(key)) rows.set(key, row)
      }
      kept.isWhole = true
    } catch (error) {
      kept.whole = undefined
      throw error
    } finally {
      if (kept.overtaken === overtaken) kept.overtaken = undefined
    }
  }

  #keptBy(entity: Entity, column: string): Kept {
    const id = `${entity.name}.${column}`
    const known = this.#kept.get(id)
    if (known) return known
    const made = { entity, column, rows: new Map(), whole: undefined, isWhole: false, overtaken: undefined }
    this.#kept.set(id, made)
    return made
  }

  readonly #batches = new Map<
    Kept,
    { readonly names: Set<string>; readonly rows: Promise<Map<string, ColumnValues>> }
  >()

  /** All that are asked for in a turn are one statement. */
  async #batch(kept: Kept, name: string): Promise<Anchor> {
    const { entity, column } = kept
    const batch = this.#batches.get(kept) ?? { names: new Set<string>(), rows: this.#readLater(kept) }
    this.#batches.set(kept, batch)
    batch.names.add(name)
    if (entity.source !== this.#source) throw new Error(`${entity.name} is not of ${this.#source}.`)
    void column
    return (await batch.rows).get(name) ?? null
  }

  async #readLater(kept: Kept): Promise<Map<string, ColumnValues>> {
    const { entity, column } = kept
    await new Promise((resolve) => setImmediate(resolve))
    const { names } = this.#batches.get(kept) ?? { names: new Set<string>() }
    this.#batches.delete(kept)
    const columns = [...new Set([column, entity.key, ...decidingColumns(entity)])]
    const rows = await this.#read(entity, { column, values: [...names] }, columns)
    return new Map(rows.map((row) => [String(row[column]), row]))
  }
}

/** Whether all rows that an anchored row names are there. */
export const isWhole = (entity: Entity, row: AnchoredRow): boolean =>
  relationsOf(entity).every((relation) => {
    const { by, far } = farEntity(entity, relation)
    const next = row[relation] as AnchoredRow | null | undefined
    return row[by] == null || (next != null && isWhole(far, next))
  })

function forget(kept: Kept): void {
  kept.rows.clear()
  kept.isWhole = false
  kept.whole = undefined
  kept.overtaken = undefined
}

const parsed = (entity: Entity, column: string, text: string | null | undefined): unknown =>
  text == null ? text : entity.columns.get(column)?.kind.parse(text)

/** Entities of a source by their table. */
export const entitiesOf = (source: string): readonly Entity[] =>
  entities().filter((entity) => entity.source === source)
