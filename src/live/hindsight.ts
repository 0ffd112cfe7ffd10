/**
 * Who saw the rows of a source as they were, for those who go on from a place in its log: by what the log remembers of
 * them, and by the rows that they lead to as those are now. One of these that is gone counts as it was when it went.
 *
 * That holds as long as those did not come into sight or go out of it themselves, which is looked at change by change.
 */
import type { ColumnValues, Transaction } from '../changes/change.ts'
import { type LogPosition, PositionLost } from '../changes/log/change-log.ts'
import type { Entity } from '../graph/entity.ts'
import { type FormerRows, formerRow } from './anchors.ts'
import type { Decider } from './decider.ts'
import type { LiveSource } from './live-source.ts'

export interface HindsightOptions {
  readonly source: LiveSource
  readonly decider: Decider
  readonly after: LogPosition
  readonly signal: AbortSignal
}

export class Hindsight {
  readonly #options: HindsightOptions
  readonly #deciding: readonly Entity[]
  #gone: Promise<FormerRows> | undefined

  constructor(options: HindsightOptions) {
    this.#options = options
    this.#deciding = [...options.decider.decidingIn(options.source)]
  }

  /** Whether a row is seen; undefined where not all is there that would tell. */
  sees(entity: Entity, values: ColumnValues | undefined): Promise<boolean | undefined> {
    const { decider, source } = this.#options
    return decider.sees(entity, values, source.anchors)
  }

  /** Whether a row was seen as it was; undefined where that is not known. */
  async saw(entity: Entity, former: ColumnValues | undefined): Promise<boolean | undefined> {
    const { decider, source } = this.#options
    const saw = await this.sees(entity, former)
    if (saw !== undefined || !former) return saw
    this.#gone ??= this.#readGone()
    return decider.sees(entity, former, source.anchors, await this.#gone)
  }

  /** @throws PositionLost where a row that decides about others came into sight, or went out of it. */
  async check({ changes }: Transaction): Promise<void> {
    for (const change of changes) {
      if (change.kind !== 'update' || !change.former || Object.keys(change.former).length === 0) continue
      const { table, values, former } = change
      const entity = this.#deciding.find((one) => one.table === table)
      if (!entity) continue
      const saw = await this.saw(entity, { ...values, ...former })
      if (saw !== (await this.saw(entity, values))) throw new PositionLost('Who sees the rows has changed.')
    }
  }

  async #readGone(): Promise<FormerRows> {
    const { source, after, signal } = this.#options
    const gone = new Map<string, ColumnValues>()
    const until = source.position?.lsn ?? after.lsn
    for await (const transactions of source.replay(after, until, signal))
      for (const { changes } of transactions)
        for (const change of changes)
          if (change.kind === 'delete' && change.former)
            gone.set(formerRow(change.table, change.key), change.former)
    return gone
  }
}
