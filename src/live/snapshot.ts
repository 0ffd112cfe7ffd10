import { setTimeout as pause } from 'node:timers/promises'
import { TributaryError } from '../errors/tributary-error.ts'
import type { GraphContext } from '../graph/context.ts'
import type { LiveSource, Watcher } from './live-source.ts'
import type { Position } from './position.ts'
import type { Reading } from './snapshot-reader.ts'
import type { Watch } from './watch.ts'

/** How a watch's rows were. */
export interface WatchReading extends Reading {
  readonly watch: Watch
}

export interface WholeReading {
  readonly watcher: Watcher
  readonly sources: ReadonlyMap<Watch, LiveSource>
  readonly context: () => GraphContext
  /** Noted here, by source. */
  readonly positions: Map<string, Position>
}

/** How often a snapshot is read that is behind the log, and how long is waited between, in milliseconds. */
const attempts = 200
const pauseMs = 5

/**
 * Reads how watched rows are, and notes where that stands in the histories of their sources.
 *
 * A commit is in the log a moment before a snapshot sees it. What a group was told before the reading began would be
 * missing from a snapshot that does not see it yet, so such a one is read again.
 */
export async function readWhole({
  watcher,
  sources,
  context,
  positions,
}: WholeReading): Promise<readonly WatchReading[]> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    for (const { name, position } of sources.values())
      if (position) positions.set(name, { source: name, ...position })
    const readings = await Promise.all(
      [...sources].map(async ([watch, source]) => ({
        watch,
        source,
        ...(await source.read(watcher, watch, context())),
      })),
    )
    const isBehind = readings.some(({ source, snapshot }) => {
      const position = positions.get(source.name)
      return position !== undefined && source.isAhead(snapshot, position.lsn)
    })
    if (isBehind) {
      await pause(pauseMs)
      continue
    }
    for (const { source, snapshot, horizon } of readings) {
      const position = positions.get(source.name)
      // Also where the log is there already: what it told just now may not have been told on.
      if (position && position.lsn <= horizon)
        positions.set(source.name, { ...position, overlap: { snapshot, horizon } })
    }
    return readings
  }
  throw new TributaryError('SOURCE_UNAVAILABLE', 'What was committed does not become visible.')
}
