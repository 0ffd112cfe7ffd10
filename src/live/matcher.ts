import sql, { join, type Sql } from 'sql-template-tag'
import type { ColumnValues } from '../changes/change.ts'
import type { GraphContext } from '../graph/context.ts'
import type { Entity } from '../graph/entity.ts'
import { filterCondition } from '../graph/filter-condition.ts'
import { anyOf, columnOf, rowsOf, tableName } from '../graph/statement.ts'
import { rowRuleOf } from '../graph/visibility.ts'
import { ruleHolds } from '../graph/visibility-row.ts'
import type { Anchors } from './anchors.ts'
import { type Predicate, predicateOf } from './predicate.ts'
import { usableColumns } from './snapshot-reader.ts'
import type { Watch } from './watch.ts'

/** A row as a change left it. */
export interface Image {
  readonly key: string
  readonly values: ColumnValues
}

export interface MatcherOptions {
  /** Makes a context of the one who looks, with nothing loaded. */
  readonly context: () => GraphContext
  readonly watch: Watch & { readonly by: 'filter' }
  readonly anchors: Anchors
}

/** Decides which rows a viewer sees that a filter holds for. */
export class Matcher {
  readonly #options: MatcherOptions
  readonly #predicate: Predicate | undefined

  /** @throws TributaryError BAD_INPUT for a filter that cannot be used. */
  constructor(options: MatcherOptions) {
    const { context, watch } = options
    this.#options = options
    this.#condition(context())
    this.#predicate = predicateOf(context(), watch.entity, watch.filter)
  }

  /** Whether each row is one of them; at once where nothing has to be asked. */
  match(images: readonly Image[]): readonly boolean[] | Promise<readonly boolean[]> {
    const { condition } = this.#options.watch
    const held = images.map(({ values }) => {
      const holds = this.#predicate?.(values)
      return holds === true && condition ? condition.holds(values) : holds
    })
    const seen = this.#seen(
      images,
      held.map((holds) => holds !== false),
    )
    return seen instanceof Promise
      ? seen.then((some) => this.#decided(images, held, some))
      : this.#decided(images, held, seen)
  }

  /**
   * Postgres is asked of those alone that the viewer sees: whoever sees nothing costs no statement, however odd the
   * filter, and learns nothing of a row by what the filter makes of it.
   */
  #decided(
    images: readonly Image[],
    held: readonly (boolean | undefined)[],
    seen: readonly boolean[],
  ): readonly boolean[] | Promise<readonly boolean[]> {
    const isAsked = seen.map((sees, index) => sees && held[index] === undefined)
    const asked = images.filter((_, index) => isAsked[index])
    if (asked.length === 0) return seen
    return this.#ask(asked).then((answers) => {
      let next = 0
      return seen.map((sees, index) => (isAsked[index] ? answers[next++] === true : sees))
    })
  }

  /** Of those that the filter may hold for, those that the viewer sees. */
  #seen(
    images: readonly Image[],
    held: readonly boolean[],
  ): readonly boolean[] | Promise<readonly boolean[]> {
    const { anchors } = this.#options
    const { entity } = this.#options.watch
    const context = this.#options.context()
    const rule = rowRuleOf(context, entity)
    if (rule.kind === 'always') return held
    if (rule.kind === 'never') return images.map(() => false)
    const rows = images.map(({ values }, index) => (held[index] ? anchors.complete(entity, values) : null))
    const decide = (row: object | null) => row !== null && ruleHolds(context, entity, rule, row)
    if (rows.some((row) => row instanceof Promise))
      return Promise.all(rows).then((completed) => completed.map(decide))
    return rows.map(decide)
  }

  /** Postgres's own decision: on the images where they are whole, on the rows as they are now where they are not. */
  async #ask(images: readonly Image[]): Promise<boolean[]> {
    const { entity } = this.#options.watch
    const context = this.#options.context()
    const condition = this.#condition(context)
    const needed = usableColumns(context, entity)
    const [whole, parts]: [Image[], Image[]] = [[], []]
    for (const image of images)
      (needed.every((name) => image.values[name] !== undefined) ? whole : parts).push(image)
    const holding = new Set<Image>()
    if (whole.length > 0) {
      const statement = imagesStatement(entity, whole, condition)
      for (const { n } of await rowsOf<{ n: number }>(context, entity.source, statement))
        holding.add(whole[n] as Image)
    }
    if (parts.length > 0) {
      const statement = rowsStatement(entity, parts, condition)
      const rows = await rowsOf<{ key: string }>(context, entity.source, statement)
      const keys = new Set(rows.map(({ key }) => key))
      for (const image of parts) if (keys.has(image.key)) holding.add(image)
    }
    return images.map((image) => holding.has(image))
  }

  #condition(context: GraphContext): Sql {
    const { entity, filter, condition } = this.#options.watch
    const parts = [filterCondition(context, entity, filter, new Map()), condition?.sql(context)]
    const given = parts.filter((part) => part !== undefined)
    return given.length > 0 ? join(given, ' AND ') : sql`TRUE`
  }
}

/** The places in the list of those that the condition holds for. */
function imagesStatement(entity: Entity, images: readonly Image[], condition: Sql): Sql {
  const list = JSON.stringify(images.map(({ values }) => jsonOf(entity, values)))
  return sql`SELECT (i.n - 1)::integer AS n FROM jsonb_array_elements(${list}::jsonb) WITH ORDINALITY AS i(value, n), LATERAL jsonb_populate_record(NULL::${tableName(entity.table)}, i.value) t WHERE ${condition}`
}

function rowsStatement(entity: Entity, images: readonly Image[], condition: Sql): Sql {
  const cast = entity.columns.get(entity.key)?.kind.cast ?? 'text'
  const key = columnOf('t', entity.key)
  const among = anyOf(key, [...new Set(images.map((image) => image.key))], cast)
  return sql`SELECT ${key}::text AS key FROM ${tableName(entity.table)} t WHERE ${among} AND ${condition}`
}

/** A row's texts as the JSON that Postgres makes a record of: texts, but for what is JSON or a list itself. */
const jsonOf = (entity: Entity, values: ColumnValues) =>
  Object.fromEntries(
    [...entity.columns].map(([name, { kind }]) => {
      const text = values[name] as string | null
      return [name, text !== null && (kind.graphType === 'JSON' || kind.isList) ? kind.parse(text) : text]
    }),
  )
