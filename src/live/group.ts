/**
 * Those who watch the same and may see the same of it: one snapshot, one execution of each change, and the same bytes
 * for all of them.
 *
 * Whoever joins is told how things are, and then every change in the order of the commits. The snapshot is read while
 * changes come in; those that it sees are left out, by the transactions' numbers (`changes/pg-snapshot.ts`), also those
 * that the log tells of later. Who joins in that time has a past of their own (`Cohort`); when the log has come past
 * all that the snapshot sees, cohorts are one again.
 *
 * What comes is decided (does a filter hold, who sees it), executed and told in one line of turns, so that an answer
 * that a database has to give delays what comes after it and never lets that overtake.
 */
import type { ColumnValues } from '../changes/change.ts'
import { PositionLost } from '../changes/log/change-log.ts'
import type { GraphContext } from '../graph/context.ts'
import type { Entity } from '../graph/entity.ts'
import type { AnchoredRow } from './anchors.ts'
import { Audience, audienceKey } from './audience.ts'
import { Cohort } from './cohort.ts'
import { Decider } from './decider.ts'
import type { Executor } from './executor.ts'
import type { Entry, LiveSource, Watcher } from './live-source.ts'
import type { Outcome } from './outcome.ts'
import type { CursorCodec, Position } from './position.ts'
import { Replay } from './replay.ts'
import type { Gatherer, Schedule } from './schedule.ts'
import { readWhole, type WatchReading } from './snapshot.ts'
import type { Subscription } from './subscription.ts'
import { ToldKeys } from './told-keys.ts'
import { Turns } from './turns.ts'
import type { Watch } from './watch.ts'

export interface GroupOptions {
  readonly kind: 'state' | 'append'
  /** Where the changes of each watch come from. */
  readonly sources: ReadonlyMap<Watch, LiveSource>
  /** Executes the selection. */
  readonly executor: Executor
  /** Makes a context for one who is in the group, with nothing loaded. */
  readonly context: () => GraphContext
  readonly schedule: Schedule
  readonly cursors: CursorCodec
  /** Least time between two results, in milliseconds; what comes between them is gathered into one where it is set. */
  readonly gatherMs: number | undefined
  /** Least time between two turns of telling, in milliseconds. */
  readonly tickMs: number
  /** Told of one for whom things could not be read. */
  readonly onUnread: (stream: Subscription, error: unknown) => void
  /** Told when nobody is left. */
  readonly onEmpty: (group: Group) => void
}

/** Changes at most that wait to be told before things are told anew. */
const maximumWaiting = 10_000

export class Group implements Watcher, Gatherer {
  readonly kind: 'state' | 'append'
  readonly watches: readonly Watch[]
  readonly sources: readonly LiveSource[]
  readonly intervalMs: number
  lastTurn = Number.NEGATIVE_INFINITY
  readonly #options: GroupOptions
  readonly #decider: Decider
  readonly #turns: Turns
  readonly #audiences = new Map<string, Audience>()
  readonly #cohorts = new Set<Cohort>()
  readonly #replays = new Map<Subscription, Replay>()
  readonly #told = new ToldKeys()
  #queue: Entry[] = []
  /** How often everything was told anew: what is being decided meanwhile is of before, and is in what is read. */
  #era = 0
  /** The one watched row as it was last, where there is one. */
  #latest: ColumnValues | undefined
  #isOver = false

  /** @throws TributaryError BAD_INPUT for a filter that cannot be used. */
  constructor(options: GroupOptions) {
    const { kind, gatherMs, tickMs, sources, context } = options
    this.kind = kind
    this.watches = [...sources.keys()]
    this.sources = [...new Set(sources.values())]
    this.intervalMs = gatherMs ?? tickMs
    this.#options = options
    this.#turns = new Turns((error) => this.#fail(error))
    this.#decider = new Decider({ sources, context })
    for (const source of this.sources) {
      source.add(
        this,
        this.watches.filter((watch) => sources.get(watch) === source),
        context,
      )
      if (this.#hasFilter && source.position) this.#told.begin(source.name, source.position.lsn)
    }
  }

  /** The audience of one who is in the group. */
  audienceOf(context: GraphContext): Audience {
    const root = this.#root
    const key = root ? audienceKey(context, root) : ''
    const known = this.#audiences.get(key)
    if (known) return known
    for (const [name, { size }] of this.#audiences) if (size === 0) this.#audiences.delete(name)
    const made = new Audience(context, root)
    this.#audiences.set(key, made)
    return made
  }

  /** Takes somebody in, who is told how things are. */
  join(stream: Subscription): void {
    const open = [...this.#cohorts].find(({ isOpen }) => isOpen)
    const cohort = open ?? this.#newCohort()
    cohort.streams.add(stream)
    if (open && !open.isReading)
      this.#turns.take(async () => {
        await this.#look(stream.audience)
        await this.#open(open, [stream])
      })
    else if (!open) void this.#read(cohort)
  }

  /** Takes somebody in who was told everything up to some positions; where nothing goes on from there, anew. */
  resume(stream: Subscription, after: readonly Position[]): void {
    const { executor, cursors } = this.#options
    const replay = new Replay({
      stream,
      after,
      watcher: this,
      sources: this.sources,
      decider: this.#decider,
      executor,
      cursors,
      wasTold: (outcome, since) => this.#told.wasTold(outcome, since),
      look: () => this.#look(stream.audience),
    })
    this.#replays.set(stream, replay)
    replay.run().then(
      (positions) => {
        if (this.#replays.get(stream) === replay) this.#rejoin(stream, positions)
      },
      (error: unknown) => {
        if (this.#replays.get(stream) !== replay) return
        this.#replays.delete(stream)
        if (!(error instanceof PositionLost)) return stream.fail(error)
        stream.beginAgain()
        this.join(stream)
      },
    )
  }

  leave(stream: Subscription): void {
    for (const cohort of this.#cohorts) if (cohort.streams.delete(stream)) break
    this.#replays.get(stream)?.stop()
    this.#replays.delete(stream)
    if (!this.#isUsed) setImmediate(() => this.#endIfUnused())
  }

  take(entry: Entry): void {
    if (this.#cohorts.size === 0) return
    this.#queue.push(entry)
    if (this.#queue.length > maximumWaiting) this.lost('More changes came than could be told.')
    else this.#options.schedule.due(this)
  }

  flush(): void {
    const entries = this.#queue
    this.#queue = []
    if (entries.length === 0) return
    const era = this.#era
    this.#turns.take(() => {
      const audiences = [...this.#audiences.values()].filter(({ isConstant }) => !isConstant)
      const decided = this.#decider.decide(entries, audiences)
      if (decided instanceof Promise) return decided.then((outcomes) => this.#tell(outcomes, era))
      return this.#tell(decided, era)
    })
  }

  lost(_reason: string): void {
    this.#era++
    this.#queue = []
    this.#told.clear()
    if (this.#hasFilter)
      for (const { name, position } of this.sources) if (position) this.#told.begin(name, position.lsn)
    const streams = this.streams
    this.#cohorts.clear()
    for (const stream of streams) this.join(stream)
  }

  reconsider(entity: Entity): void {
    if (this.#cohorts.size === 0) return
    if (this.#root) this.#turns.take(() => this.#lookAgain())
    else if (this.watches.some((watch) => this.#decider.decidingFor(watch).has(entity)))
      this.lost('Who sees the rows has changed.')
  }

  /** Whether its changes come from where they should. */
  comesFrom(sourceOf: (watch: Watch) => LiveSource | undefined): boolean {
    return [...this.#options.sources].every(([watch, source]) => sourceOf(watch) === source)
  }

  /** Everybody who is told by it. */
  get streams(): readonly Subscription[] {
    return [...this.#cohorts].flatMap((cohort) => [...cohort.streams])
  }

  /** The entity of the row whose sight decides for all: the one that is watched, or the parent of those that are. */
  get #root(): Entity | undefined {
    const [watch] = this.watches
    return watch?.by === 'key' ? watch.entity : watch?.by === 'parent' ? watch.parent : undefined
  }

  get #hasFilter(): boolean {
    return this.watches.some(({ by }) => by === 'filter')
  }

  /** Whether anybody is of it, told by it just now or not. */
  get #isUsed(): boolean {
    return [...this.#audiences.values()].some(({ size }) => size > 0)
  }

  #endIfUnused(): void {
    if (this.#isOver || this.#isUsed) return
    this.#isOver = true
    for (const source of this.sources) source.delete(this)
    this.#options.schedule.forget(this)
    this.#options.onEmpty(this)
  }

  #fail(error: unknown): void {
    for (const stream of this.streams) stream.fail(error)
  }

  #newCohort(): Cohort {
    const { executor, cursors, gatherMs } = this.#options
    const cohort = new Cohort({
      executor,
      cursors,
      gathers: gatherMs !== undefined,
      audiences: () => this.#audiences.values(),
    })
    this.#cohorts.add(cohort)
    return cohort
  }

  /** Reads how things are, and opens the cohort with it. */
  async #read(cohort: Cohort): Promise<void> {
    const { sources, context } = this.#options
    try {
      await this.#decider.keepDeciding()
      const readings = await readWhole({ watcher: this, sources, context, positions: cohort.positions })
      this.#turns.take(() => this.#begin(cohort, readings))
    } catch (error) {
      // Those of one that was given up for another are that one's.
      if (!this.#cohorts.delete(cohort)) return
      for (const stream of cohort.streams) this.#options.onUnread(stream, error)
    }
  }

  async #begin(cohort: Cohort, readings: readonly WatchReading[]): Promise<void> {
    if (!this.#cohorts.has(cohort)) return
    const [first] = readings
    if (first?.watch.by === 'key' && this.#cohorts.size === 1) this.#latest = first.rows[0]
    await this.#lookAgain()
    // What is held goes by what this cohort was told, the group's memory by what anybody was.
    const own = new ToldKeys()
    for (const { watch, rows } of readings)
      if (watch.by === 'filter')
        for (const row of rows) {
          own.of(watch).add(row[watch.entity.key] ?? '')
          this.#told.of(watch).add(row[watch.entity.key] ?? '')
        }
    await Promise.all(readings.map(({ watch, rows }) => this.#decider.keepDecidingFor(watch, rows)))
    cohort.begin(new Map(readings.map(({ watch, rows }) => [watch, rows])))
    cohort.isReading = false
    await this.#open(cohort, [...cohort.streams])
    await cohort.tell(cohort.held.splice(0).filter((outcome) => own.note(outcome)))
    this.#merge()
  }

  /** Tells some how things were when their cohort began, and what was told since. */
  async #open(cohort: Cohort, streams: readonly Subscription[]): Promise<void> {
    const parts = [false, true].map((isOpened) => streams.filter((stream) => stream.isOpened === isOpened))
    for (const [isOpened, part] of parts.entries()) {
      const own = part.filter((stream) => cohort.streams.has(stream))
      if (own.length === 0 || (await cohort.open(own, isOpened === 1 ? 'RESYNC' : 'SNAPSHOT'))) continue
      for (const stream of own) if (cohort.streams.delete(stream)) this.join(stream)
    }
  }

  #tell(outcomes: readonly Outcome[], era: number): void | Promise<void> {
    if (era !== this.#era) return
    for (const cohort of this.#cohorts) if (cohort.isReading) cohort.held.push(...outcomes)
    const told = outcomes.filter((outcome) => this.#told.note(outcome))
    if (this.#told.isFull || [...this.#cohorts].some(({ held }) => held.length > maximumWaiting))
      return this.lost('More came than is remembered.')
    const [watch] = this.watches
    for (const outcome of told)
      if (watch?.by === 'key' && outcome.watch === watch) this.#latest = outcome.values
    const waits = [...this.#cohorts].flatMap((cohort) => (cohort.isReading ? [] : (cohort.tell(told) ?? [])))
    if (waits.length > 0) return Promise.all(waits).then(() => this.#afterTelling())
    this.#afterTelling()
  }

  /** After everybody was told. */
  #afterTelling(): void {
    this.#merge()
    const [watch, ...more] = this.watches
    if (watch?.by !== 'key' || more.length > 0) return
    // Of one row, how it is now says it all.
    for (const cohort of this.#cohorts)
      if (!cohort.isReading) cohort.begin(new Map([[watch, this.#latest ? [this.#latest] : []]]))
  }

  /** Cohorts whose snapshots are behind the log have the same future. */
  #merge(): void {
    if (this.#cohorts.size < 2) return
    let main: Cohort | undefined
    for (const cohort of [...this.#cohorts]) {
      if (cohort.isReading || !cohort.isPlain) continue
      if (!main) {
        main = cohort
        continue
      }
      const [kept, gone] = main.isOpen || !cohort.isOpen ? [main, cohort] : [cohort, main]
      kept.absorb(gone)
      this.#cohorts.delete(gone)
      main = kept
    }
  }

  /** Looks again who sees the row that decides, and tells those for whom that has changed. */
  async #lookAgain(): Promise<void> {
    const row = await this.#rootRow()
    if (row === undefined) return
    for (const audience of this.#audiences.values()) {
      if (!audience.look(row)) continue
      for (const cohort of this.#cohorts) {
        if (cohort.isReading) continue
        cohort.forgetResults()
        await this.#open(
          cohort,
          [...cohort.streams].filter((stream) => stream.audience === audience && stream.isOpened),
        )
      }
    }
  }

  async #look(audience: Audience): Promise<void> {
    if (audience.isConstant) return
    const row = await this.#rootRow()
    if (row !== undefined) audience.look(row)
  }

  /** The row that decides who sees; null where there is none, undefined where it decides nothing. */
  async #rootRow(): Promise<AnchoredRow | null | undefined> {
    const [watch] = this.watches
    if (!watch || !this.#root || [...this.#audiences.values()].every(({ isConstant }) => isConstant))
      return undefined
    const { anchors } = this.#options.sources.get(watch) as LiveSource
    if (watch.by === 'parent')
      return watch.key === null ? null : anchors.ofKey(watch.parent, String(watch.key))
    return this.#latest ? anchors.complete(watch.entity, this.#latest) : null
  }

  /** Takes somebody in again who was told everything that the group was. */
  #rejoin(stream: Subscription, positions: ReadonlyMap<string, Position>): void {
    this.#replays.delete(stream)
    stream.goOn(
      new Map(
        [...positions].map(([name, { lsn }]) => [
          name,
          { source: name, lsn, index: Number.MAX_SAFE_INTEGER },
        ]),
      ),
    )
    const isPlain = [...positions.values()].every(({ overlap }) => overlap === undefined)
    const main = isPlain
      ? [...this.#cohorts].find((cohort) => !cohort.isReading && cohort.isPlain)
      : undefined
    const cohort = main ?? this.#newCohort()
    cohort.streams.add(stream)
    if (main) return
    cohort.isReading = false
    for (const [source, position] of positions) cohort.positions.set(source, position)
  }
}
