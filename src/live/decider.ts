import type { ColumnValues } from '../changes/change.ts'
import type { GraphContext } from '../graph/context.ts'
import type { Entity } from '../graph/entity.ts'
import { rowRuleOf } from '../graph/visibility.ts'
import { ruleHolds } from '../graph/visibility-row.ts'
import { type AnchoredRow, type Anchors, decidingEntities, type FormerRows, isWhole } from './anchors.ts'
import type { Audience, Telling } from './audience.ts'
import type { Entry, LiveSource } from './live-source.ts'
import { Matcher } from './matcher.ts'
import type { Outcome } from './outcome.ts'
import type { Watch } from './watch.ts'

export interface DeciderOptions {
  /** Where the changes of each watch come from. */
  readonly sources: ReadonlyMap<Watch, LiveSource>
  /** Makes a context for one who is in the group, with nothing loaded. */
  readonly context: () => GraphContext
}

type Draft = Omit<Outcome, 'isLast'>
type Maybe<T> = T | Promise<T>

/** Decides what changes come to for those who watch: which rows they see, and which are gone for them. */
export class Decider {
  readonly #matchers = new Map<Watch, Matcher>()
  readonly #context: () => GraphContext
  readonly #sources: ReadonlyMap<Watch, LiveSource>

  /** @throws TributaryError BAD_INPUT for a filter that cannot be used. */
  constructor({ sources, context }: DeciderOptions) {
    this.#context = context
    this.#sources = sources
    for (const [watch, { anchors }] of sources)
      if (watch.by === 'filter') this.#matchers.set(watch, new Matcher({ context, watch, anchors }))
  }

  /**
   * Whether the group sees a row of an entity, by what its columns say and by those that it leads to as they are now, or
   * were where they are gone; undefined where that is not known of all that would tell.
   */
  async sees(
    entity: Entity,
    values: ColumnValues | undefined,
    anchors: Anchors,
    former?: FormerRows,
  ): Promise<boolean | undefined> {
    const context = this.#context()
    const rule = rowRuleOf(context, entity)
    if (rule.kind === 'always' || rule.kind === 'never') return rule.kind === 'always'
    if (!values) return undefined
    const row = await anchors.complete(entity, values, former)
    return ruleHolds(context, entity, rule, row) || (isWhole(entity, row) ? false : undefined)
  }

  /** The entities whose rows decide which of a watch's rows are seen. */
  decidingFor({ entity }: Watch): ReadonlySet<Entity> {
    return decidingEntities(this.#context(), entity)
  }

  /** The entities whose rows decide about those of a source's lists. */
  decidingIn(source: LiveSource): ReadonlySet<Entity> {
    const lists = [...this.#sources].filter(([{ by }, from]) => by === 'filter' && from === source)
    return new Set(lists.flatMap(([watch]) => [...this.decidingFor(watch)]))
  }

  /** Of lists the rows that decide who sees what is in them are kept before they are read, lest a change be missed. */
  async keepDeciding(): Promise<void> {
    const lists = [...this.#sources].filter(([{ by }]) => by === 'filter')
    const kept = lists.flatMap(([watch, { anchors }]) =>
      [...this.decidingFor(watch)].map((entity) => anchors.keepAll(entity)),
    )
    await Promise.all(kept)
  }

  /** What decides about rows of a list that were read is kept, so that its change is known for one. */
  async keepDecidingFor(watch: Watch, rows: readonly ColumnValues[]): Promise<void> {
    if (watch.by !== 'filter' || this.decidingFor(watch).size === 0) return
    const { anchors } = this.#sources.get(watch) as LiveSource
    await Promise.all(rows.map((row) => anchors.complete(watch.entity, row)))
  }

  /**
   * What each change comes to, in their order; at once where no database has to be asked.
   *
   * @param audiences whose sight of the row that is watched the changes decide; their state follows.
   */
  decide(entries: readonly Entry[], audiences: readonly Audience[]): Maybe<readonly Outcome[]> {
    const drafts = entries.flatMap(draftsOf)
    const held = this.#held(drafts)
    const rows = audiences.length > 0 ? drafts.map((draft) => rowOf(draft)) : []
    const decide = (
      seen: ReadonlyMap<Draft, boolean>,
      anchored: readonly (AnchoredRow | null | undefined)[],
    ) =>
      withLast(
        drafts.map(({ source: _, ...draft }, index): Omit<Outcome, 'isLast'> => {
          const full = drafts[index] as SourcedDraft
          if (draft.watch.by === 'filter' && draft.kind !== 'REMOVED' && seen.get(full) !== true)
            return { ...draft, kind: 'REMOVED' }
          const row = anchored[index]
          if (row === undefined) return draft
          return { ...draft, tellings: tellingsOf(audiences, row) }
        }),
      )
    if (held instanceof Promise || rows.some((row) => row instanceof Promise))
      return Promise.all([held, Promise.all(rows)]).then(([seen, anchored]) => decide(seen, anchored))
    return decide(held, rows as (AnchoredRow | null | undefined)[])
  }

  /** Of the rows that filters decide about, whether each is one. */
  #held(drafts: readonly SourcedDraft[]): Maybe<ReadonlyMap<Draft, boolean>> {
    const found = new Map<Draft, boolean>()
    const waits: Promise<void>[] = []
    for (const [watch, matcher] of this.#matchers) {
      const own = drafts.filter((draft) => draft.watch === watch && draft.values)
      if (own.length === 0) continue
      const note = (answers: readonly boolean[]) =>
        answers.forEach((holds, index) => {
          found.set(own[index] as Draft, holds)
        })
      const answers = matcher.match(own.map(({ key, values }) => ({ key, values: values as ColumnValues })))
      if (answers instanceof Promise) waits.push(answers.then(note))
      else note(answers)
    }
    return waits.length > 0 ? Promise.all(waits).then(() => found) : found
  }
}

interface SourcedDraft extends Draft {
  readonly source: LiveSource
}

/** A change of a row's key is its removal under the former one. */
function draftsOf({ source, transaction, index, change, watch }: Entry): SourcedDraft[] {
  const { lsn, xid, committedAt } = transaction
  const draft = {
    source,
    watch,
    xid,
    committedAt,
    epoch: source.position?.epoch ?? '',
    place: { source: source.name, lsn, index },
  }
  const concerns = (key: string) => watch.by !== 'key' || String(watch.key) === key
  if (change.kind === 'delete') {
    const { key, former } = change
    return [{ ...draft, kind: 'REMOVED', key, ...(former && { former }) }]
  }
  const { key, oldKey, values } = change
  const known = change.former && { former: { ...values, ...change.former } }
  const isOther = oldKey !== undefined && oldKey !== key
  return [
    ...(isOther && watch.by !== 'parent' && concerns(oldKey)
      ? [{ ...draft, kind: 'REMOVED' as const, key: oldKey, ...known }]
      : []),
    ...(concerns(key)
      ? [
          {
            ...draft,
            kind: change.kind === 'insert' ? ('INSERTED' as const) : ('UPDATED' as const),
            key,
            values,
            ...(change.kind === 'insert' || isOther ? { former: null } : known),
          },
        ]
      : []),
  ]
}

/** The row that decides who is told, where it is the one that changed; null where that is gone. */
function rowOf({ watch, values, source, kind }: SourcedDraft): Maybe<AnchoredRow | null> | undefined {
  if (watch.by !== 'key') return undefined
  return kind === 'REMOVED' || !values ? null : source.anchors.complete(watch.entity, values)
}

function tellingsOf(audiences: readonly Audience[], row: AnchoredRow | null): ReadonlyMap<Audience, Telling> {
  return new Map(audiences.map((audience) => [audience, audience.tell(row)]))
}

const withLast = (drafts: readonly Omit<Outcome, 'isLast'>[]): Outcome[] =>
  drafts.map((draft, index) => {
    const next = drafts[index + 1]
    const isLast = next?.place.lsn !== draft.place.lsn || next.place.source !== draft.place.source
    return { ...draft, isLast }
  })
