/**
 * One subscriber's stream: what its group tells it, as fast as its client reads.
 *
 * A client that reads slowly gets, of a field whose latest state is enough, the latest result of each row, once it has
 * caught up; of a field whose every row counts, the stream stops and goes on from the log, where it was. Nothing grows
 * without bound: past a number of rows or bytes, and past a time in which nothing was read, the stream ends with an error
 * that bears its last cursor.
 */
import type { GraphQLError } from 'graphql'
import { TributaryError } from '../errors/tributary-error.ts'
import type { Audience } from './audience.ts'
import type { Counting } from './counters.ts'
import type { Group } from './group.ts'
import type { Position } from './position.ts'
import { isAfter, type LiveResult, type Place } from './result.ts'
import type { LiveStream, StreamSink } from './stream.ts'

export interface SubscriptionOptions {
  readonly group: Group
  readonly audience: Audience
  /** Where to go on; absent: from a snapshot. */
  readonly after: readonly Position[] | undefined
  readonly decode: (cursor: string) => readonly Position[]
  readonly counting: Counting
  readonly present: (error: unknown) => GraphQLError
  /** Told when it has ended, whoever ended it. */
  readonly onEnd: (subscription: Subscription) => void
  /** How long a client may read nothing while there is something to read, in milliseconds. Default 60,000. */
  readonly patienceMs?: number
}

/** Results and bytes that wait for a slow client at most. */
const maximumPending = 10_000
const maximumPendingBytes = 4 * 1024 * 1024
/** Results of an appending field that wait before the stream goes back to the log. */
const maximumAppended = 256

export class Subscription implements LiveStream {
  group: Group
  audience: Audience
  /** Whether it has been told how things were. */
  isOpened = false
  readonly #options: SubscriptionOptions
  #sink: StreamSink | undefined
  #isOver = false
  #pending: Map<string | LiveResult, LiveResult> | undefined
  #pendingBytes = 0
  #patience: NodeJS.Timeout | undefined
  #cursor: string | undefined
  /** What it has been told already by the log; by source. */
  #told: Map<string, Place> | undefined
  #isBehind = false

  constructor(options: SubscriptionOptions) {
    this.#options = options
    this.group = options.group
    this.audience = options.audience
    this.audience.size++
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** The cursor of the last result that was handed over. */
  get cursor(): string | undefined {
    return this.#cursor
  }

  start(sink: StreamSink): void {
    if (this.#isOver) return
    this.#sink = sink
    const { after } = this.#options
    this.isOpened = after !== undefined
    if (after) this.group.resume(this, after)
    else this.group.join(this)
  }

  stop(): void {
    this.#end()
  }

  /** Goes over to another group, which tells it how things are. */
  move(group: Group, audience: Audience): void {
    this.audience.size--
    audience.size++
    this.group.leave(this)
    this.group = group
    this.audience = audience
    this.#drop()
    if (this.#sink) group.join(this)
  }

  /** Ends the stream for a reason that its client is to know. */
  fail(error: unknown): void {
    if (this.#isOver) return
    const sink = this.#sink
    this.#end()
    sink?.fail([this.#options.present(error)])
  }

  /** What the group tells. */
  offer(results: readonly LiveResult[]): void {
    if (this.#isOver || !this.#sink || this.#isBehind) return
    const news = this.#told ? results.filter((result) => this.#isNews(result)) : results
    if (news.length === 0) return
    if (!this.#pending && this.#sink.isReady) this.#hand(news)
    else this.#wait(news)
  }

  /** Hands over what the log tells again; resolves when the client is ready for more. */
  async replay(results: readonly LiveResult[]): Promise<void> {
    if (this.#isOver || !this.#sink) return
    if (results.length > 0) this.#hand(results)
    if (this.#isOver || this.#sink.isReady) return
    this.#losePatience()
    await new Promise<void>((resolve) => this.#sink?.onReady(resolve))
    clearTimeout(this.#patience)
  }

  /** Is told by the group from now on, but for what the log has told again. */
  goOn(told: Map<string, Place>): void {
    this.#told = told
    this.#isBehind = false
  }

  /** Is told anew how things are. */
  beginAgain(): void {
    this.#told = undefined
    this.#isBehind = false
  }

  #isNews({ place, isOpening }: LiveResult): boolean {
    if (isOpening) this.#told = undefined
    const told = place && this.#told?.get(place.source)
    return !place || !told || isAfter(place, told)
  }

  #hand(results: readonly LiveResult[]): void {
    this.#cursor = results.at(-1)?.cursor
    this.isOpened = true
    this.#options.counting.deliveries += results.length
    this.#sink?.next(results)
  }

  #wait(results: readonly LiveResult[]): void {
    if (!this.#pending) {
      this.#pending = new Map()
      this.#sink?.onReady(() => this.#catchUp())
      this.#losePatience()
    }
    for (const result of results) this.#keep(result)
    if (this.#pendingBytes > maximumPendingBytes || this.#pending.size > maximumPending) {
      if (this.group.kind === 'append' && !this.#pending.values().next().value?.isOpening) this.#fallBehind()
      else this.#tooSlow('size')
    } else if (this.group.kind === 'append' && this.#pending.size > maximumAppended) this.#fallBehind()
  }

  #keep(result: LiveResult): void {
    const pending = this.#pending as Map<string | LiveResult, LiveResult>
    if (result.isOpening) {
      this.#count('conflated', pending.size)
      pending.clear()
      this.#pendingBytes = 0
    }
    const key = this.group.kind === 'state' && result.row !== undefined ? result.row : result
    const before = pending.get(key)
    if (before) {
      this.#count('conflated', 1)
      this.#pendingBytes -= before.json.length
      pending.delete(key)
    }
    pending.set(key, result)
    this.#pendingBytes += result.json.length
  }

  #catchUp(): void {
    clearTimeout(this.#patience)
    if (this.#isOver || !this.#sink) return
    if (this.#isBehind) {
      this.#drop()
      this.group.resume(this, this.#options.decode(this.#cursor as string))
      return
    }
    const waiting = [...(this.#pending?.values() ?? [])]
    this.#drop()
    if (waiting.length > 0) this.#hand(waiting)
  }

  /** Lets go of what waits: the log has it, and tells it again. */
  #fallBehind(): void {
    if (this.#cursor === undefined) {
      this.#tooSlow('size')
      return
    }
    this.#count('deferred', this.#pending?.size ?? 0)
    this.#pending?.clear()
    this.#pendingBytes = 0
    this.#isBehind = true
    this.group.leave(this)
  }

  #tooSlow(what: 'time' | 'size'): void {
    this.#count(what === 'time' ? 'stalled' : 'overflowed', this.#pending?.size || 1)
    this.fail(
      new TributaryError('TOO_SLOW', 'The client reads more slowly than there is to tell.', {
        extensions: this.#cursor === undefined ? {} : { cursor: this.#cursor },
      }),
    )
  }

  #losePatience(): void {
    clearTimeout(this.#patience)
    this.#patience = setTimeout(() => this.#tooSlow('time'), this.#options.patienceMs ?? 60_000)
    this.#patience.unref()
  }

  #drop(): void {
    clearTimeout(this.#patience)
    this.#patience = undefined
    this.#pending = undefined
    this.#pendingBytes = 0
  }

  #count(reason: string, number: number): void {
    const { drops } = this.#options.counting
    drops[reason] = (drops[reason] ?? 0) + number
  }

  #end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#drop()
    this.audience.size--
    this.group.leave(this)
    this.#options.onEnd(this)
  }
}
