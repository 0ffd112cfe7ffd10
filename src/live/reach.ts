/**
 * Which of the sources that a subscription spans can be watched now. One that cannot be reached, or whose changes go to
 * another process, is missing for those who watch several; who watches it alone is told why that cannot be.
 */
import { TributaryError } from '../errors/tributary-error.ts'
import type { GraphContext } from '../graph/context.ts'
import type { Entity } from '../graph/entity.ts'
import type { MissingSource } from '../graph/missing-source.ts'
import { rowRuleOf } from '../graph/visibility.ts'
import type { LiveSource } from './live-source.ts'
import type { SourceModes } from './source-modes.ts'
import type { Watch } from './watch.ts'

/** Rows that are asked for, and cannot be told of. */
export interface Lacking {
  readonly entity: Entity
  readonly error: TributaryError | undefined
}

export interface Reached {
  /** Where the changes of each watch come from that is told of. */
  readonly sources: ReadonlyMap<Watch, LiveSource>
  readonly lacking: readonly Lacking[]
}

/** Whether a watch is told of though its database does not answer. */
export type NeedsNoAnswer = (source: LiveSource, watch: Watch) => boolean

export class Reach {
  readonly #sources: ReadonlyMap<string, SourceModes>
  readonly #databases: Pick<GraphContext, 'source'>

  constructor(sources: ReadonlyMap<string, SourceModes>, databases: Pick<GraphContext, 'source'>) {
    this.#sources = sources
    this.#databases = databases
  }

  /** How all sources are: as long as that stays so, who lacks some has nothing to hope for. */
  get states(): string {
    return [...this.#sources.keys()].map((name) => this.#obstacleOf(name)?.code).join()
  }

  /**
   * Of what is watched, what can be told of, and why the rest cannot.
   *
   * @throws TributaryError SOURCE_NOT_CONFIGURED, WATCHED_ELSEWHERE where nothing can.
   */
  of(watches: readonly Watch[], needsNoAnswer: NeedsNoAnswer): Reached {
    const known = watches.flatMap((watch) => {
      const modes = this.#sources.get(watch.entity.source)
      return modes ? [{ watch, modes, source: modes.sourceOf(watch.entity) }] : []
    })
    const served = known.filter(({ modes }) => !modes.elsewhere)
    const [first] = watches
    if (first && served.length === 0) throw known[0]?.modes.elsewhere ?? notConfigured(first.entity.source)
    const reached = served.filter(
      ({ watch, source }) => needsNoAnswer(source, watch) || !this.#obstacleOf(watch.entity.source),
    )
    // Where no database answers, that of reading the first is the error to be told.
    const taken = reached.length > 0 ? reached : served
    return {
      sources: new Map(taken.map(({ watch, source }) => [watch, source])),
      lacking: known
        .filter((one) => !taken.includes(one))
        .map(({ watch: { entity } }) => ({ entity, error: this.#obstacleOf(entity.source) })),
    }
  }

  /** Why rows of a source cannot be watched now. */
  #obstacleOf(source: string): TributaryError | undefined {
    const elsewhere = this.#sources.get(source)?.elsewhere
    if (elsewhere || this.#databases.source(source).status === 'AVAILABLE') return elsewhere
    return new TributaryError('SOURCE_UNAVAILABLE', `${source} cannot be reached.`)
  }
}

/** The sources that are missing for one who would see rows of them. */
export function missingFor(context: GraphContext, lacking: readonly Lacking[]): MissingSource[] {
  const missing = new Map<string, MissingSource>()
  for (const { entity, error } of lacking)
    if (error && rowRuleOf(context, entity).kind !== 'never')
      missing.set(entity.source, { source: entity.source, code: error.code, message: error.message })
  return [...missing.values()]
}

const notConfigured = (source: string) =>
  new TributaryError('SOURCE_NOT_CONFIGURED', `${source} is not configured.`, { extensions: { source } })
