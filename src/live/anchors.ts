/**
 * The rows that decide who sees a row: the project of a job, the job of a log line, with no more of them than the policy
 * reads. A row from the write-ahead log has its own columns, and says of the others their keys alone; what is read of
 * them is kept, and follows what the log tells of their tables, so that a stream of changes costs no statement.
 *
 * What is read may be newer than the change that it is read for. That is right: who sees a row is who may see it now. A
 * row that is being read when the log tells of it is read again.
 */
import { rowsRule } from '../auth/policy.ts'
import type { Rule } from '../auth/rule.ts'
import type { Change, ColumnValues } from '../changes/change.ts'
import { type Entity, entities } from '../graph/entity.ts'
import { farEntity } from '../graph/visibility.ts'

/** A row as far as rules read it, with the rows that it leads to below the names of their relations. */
export type AnchoredRow = Readonly<Record<string, unknown>>

/** Reads rows of an entity's table by the texts of a column. */
export type ReadAnchors = (
  entity: Entity,
  column: string,
  values: readonly string[],
  columns: readonly string[],
) => Promise<readonly ColumnValues[]>

type Anchor = ColumnValues | null

interface Kept {
  readonly entity: Entity
  /** The column that others name it by. */
  readonly column: string
  readonly rows: Map<string, Anchor | Promise<Anchor>>
}

/** Rows of one table that are kept at most. */
const maximumKept = 50_000

/** The columns that decide about a row of an entity, and those that lead to the rows that do. */
export function anchorColumns(entity: Entity, rule: Rule = rowsRule(entity.name)): string[] {
  switch (rule.kind) {
    case 'own':
    case 'listed':
    case 'within':
    case 'empty':
    case 'noneOf':
      return [rule.column]
    case 'through':
      return [farEntity(entity, rule.relation).by]
    case 'any':
    case 'all':
      return rule.of.flatMap((part) => anchorColumns(entity, part))
    default:
      return []
  }
}

function relationsIn(rule: Rule): string[] {
  if (rule.kind === 'through') return [rule.relation]
  return rule.kind === 'any' || rule.kind === 'all' ? rule.of.flatMap(relationsIn) : []
}

/** The relations by which an entity's rule goes on to other rows. */
const relationsOf = (entity: Entity) => [...new Set(relationsIn(rowsRule(entity.name)))]

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

/** The anchors of one source. */
export class Anchors {
  readonly #read: ReadAnchors
  readonly #source: string
  readonly #kept = new Map<string, Kept>()

  constructor(source: string, read: ReadAnchors) {
    this.#source = source
    this.#read = read
  }

  /** A row with all that rules read of it and beyond it; at once where everything is kept. */
  complete(entity: Entity, values: ColumnValues): AnchoredRow | Promise<AnchoredRow> {
    const row: Record<string, unknown> = {}
    for (const column of anchorColumns(entity)) row[column] = parsed(entity, column, values[column])
    const waits: Promise<unknown>[] = []
    for (const relation of relationsOf(entity)) {
      const { by, far, column } = farEntity(entity, relation)
      const name = values[by]
      const found = name == null ? null : this.#row(far, column, name)
      if (found === null) row[relation] = null
      else {
        const next =
          found instanceof Promise
            ? found.then((one) => one && this.complete(far, one))
            : this.complete(far, found)
        if (next instanceof Promise)
          waits.push(
            next.then((one) => {
              row[relation] = one
            }),
          )
        else row[relation] = next
      }
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
    for (const { rows } of this.#kept.values()) rows.clear()
  }

  #applyTo({ entity, column, rows }: Kept, change: Change): boolean {
    if (change.kind === 'truncate' || change.kind === 'invalidate') {
      rows.clear()
      return true
    }
    const isByKey = column === entity.key
    if (change.kind === 'delete' || change.oldKey !== undefined) {
      if (!isByKey) rows.clear()
      else rows.delete(change.kind === 'delete' ? change.key : (change.oldKey ?? ''))
      if (change.kind === 'delete') return true
    }
    const { values } = change
    const name = isByKey ? change.key : values[column]
    if (name == null) return true
    const before = rows.get(name)
    const columns = [...new Set([column, entity.key, ...anchorColumns(entity)])]
    // It may name this row by another value now; the former one is not told.
    if (!isByKey && before === undefined && change.kind === 'update') rows.clear()
    if (columns.some((one) => values[one] === undefined)) {
      rows.delete(name)
      return true
    }
    const after = Object.fromEntries(columns.map((one) => [one, values[one] as string | null]))
    const isSame =
      before != null && !(before instanceof Promise) && columns.every((one) => before[one] === after[one])
    if (!isSame) rows.set(name, after)
    // One that nobody has seen before has decided about nothing, but for rows that a statement found.
    return !isSame && change.kind === 'update'
  }

  #row(entity: Entity, column: string, name: string): Anchor | Promise<Anchor> {
    const kept = this.#keptBy(entity, column)
    const known = kept.rows.get(name)
    if (known !== undefined) return known
    const reading = this.#batch(kept, name)
    kept.rows.set(name, reading)
    for (const oldest of kept.rows.keys()) {
      if (kept.rows.size <= maximumKept) break
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

  /** Makes the entity's changes count from now on, though nothing of it has been read. */
  watch(entity: Entity): void {
    this.#keptBy(entity, entity.key)
  }

  #keptBy(entity: Entity, column: string): Kept {
    const id = `${entity.name}.${column}`
    const known = this.#kept.get(id)
    if (known) return known
    const made = { entity, column, rows: new Map() }
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
    const columns = [...new Set([column, entity.key, ...anchorColumns(entity)])]
    const rows = await this.#read(entity, column, [...names], columns)
    return new Map(rows.map((row) => [String(row[column]), row]))
  }
}

const parsed = (entity: Entity, column: string, text: string | null | undefined): unknown =>
  text == null ? text : entity.columns.get(column)?.kind.parse(text)

/** Entities of a source by their table. */
export const entitiesOf = (source: string): readonly Entity[] =>
  entities().filter((entity) => entity.source === source)
