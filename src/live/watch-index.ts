import type { Change } from '../changes/change.ts'
import type { Watch } from './watch.ts'

/** A watch of somebody. */
export interface Watched<T> {
  readonly owner: T
  readonly watch: Watch
}

type Watches<T> = Set<Watched<T>>

class TableWatches<T> {
  readonly byKey = new Map<string, Watches<T>>()
  /** By the column that names the parent, and its key. */
  readonly byParent = new Map<string, Map<string, Watches<T>>>()
  readonly byFilter: Watches<T> = new Set()

  all(): readonly Watched<T>[] {
    const parents = [...this.byParent.values()].flatMap((sets) => [...sets.values()])
    return [...this.byKey.values(), ...parents, this.byFilter].flatMap((set) => [...set])
  }
}

/** Who watches which rows of a source, to be found from a change without looking at those who watch others. */
export class WatchIndex<T> {
  readonly #tables = new Map<string, TableWatches<T>>()

  add(watched: Watched<T>): void {
    const { watch } = watched
    const table = this.#tables.get(watch.entity.table) ?? new TableWatches<T>()
    this.#tables.set(watch.entity.table, table)
    if (watch.by === 'filter') table.byFilter.add(watched)
    else if (watch.key === null) return
    else if (watch.by === 'key') into(table.byKey, String(watch.key)).add(watched)
    else {
      const parents = table.byParent.get(watch.column) ?? new Map<string, Watches<T>>()
      table.byParent.set(watch.column, parents)
      into(parents, String(watch.key)).add(watched)
    }
  }

  delete(watched: Watched<T>): void {
    const { watch } = watched
    const table = this.#tables.get(watch.entity.table)
    if (watch.by === 'filter') table?.byFilter.delete(watched)
    else if (watch.by === 'key') outOf(table?.byKey, String(watch.key), watched)
    else outOf(table?.byParent.get(watch.column), String(watch.key), watched)
  }

  /** Whether anybody watches a table. */
  has(table: string): boolean {
    return this.#tables.has(table)
  }

  /** Everybody who watches rows of a table. */
  ofTable(table: string): readonly Watched<T>[] {
    return this.#tables.get(table)?.all() ?? []
  }

  /** Calls for each watch that a change is about; one of filters may turn out not to be. */
  forEach(
    change: Exclude<Change, { kind: 'truncate' | 'invalidate' }>,
    call: (watched: Watched<T>) => void,
  ): void {
    const table = this.#tables.get(change.table)
    if (!table) return
    for (const watched of table.byFilter) call(watched)
    for (const watched of table.byKey.get(change.key) ?? []) call(watched)
    if (change.kind === 'delete') return
    if (change.oldKey !== undefined) for (const watched of table.byKey.get(change.oldKey) ?? []) call(watched)
    for (const [column, parents] of table.byParent)
      for (const watched of parents.get(change.values[column] ?? '') ?? []) call(watched)
  }
}

function into<T>(map: Map<string, Watches<T>>, key: string): Watches<T> {
  const set = map.get(key) ?? new Set()
  map.set(key, set)
  return set
}

function outOf<T>(map: Map<string, Watches<T>> | undefined, key: string, watched: Watched<T>): void {
  const set = map?.get(key)
  set?.delete(watched)
  if (set?.size === 0) map?.delete(key)
}
