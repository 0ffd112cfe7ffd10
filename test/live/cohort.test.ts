import { describe, expect, it } from 'vitest'
import type { Audience } from '../../src/live/audience.ts'
import { Cohort } from '../../src/live/cohort.ts'
import type { Executor } from '../../src/live/executor.ts'
import type { Outcome } from '../../src/live/outcome.ts'
import type { LiveResult } from '../../src/live/result.ts'
import type { Subscription } from '../../src/live/subscription.ts'

const audience = { sees: true } as Audience

/** A stream that notes the places that it is told of. */
function noting(): { stream: Subscription; places: bigint[] } {
  const places: bigint[] = []
  const offer = (results: readonly LiveResult[]) =>
    places.push(...results.map(({ place }) => place?.lsn ?? 0n))
  return { stream: { audience, offer } as unknown as Subscription, places }
}

const executor = {
  changes: (outcomes: readonly Outcome[]) => ({ json: Buffer.from(''), place: outcomes.at(-1)?.place }),
} as unknown as Executor

/** A cohort of one stream that was told everything up to a place. */
function cohortAt(lsn: bigint) {
  const { stream, places } = noting()
  const cohort = new Cohort({
    executor,
    cursors: { encode: () => '', decode: () => [] },
    gathers: false,
    audiences: () => [audience],
  })
  cohort.isReading = false
  cohort.positions.set('platform', { source: 'platform', epoch: 'e', lsn })
  cohort.streams.add(stream)
  return { cohort, places }
}

const outcomeAt = (lsn: bigint) =>
  ({ place: { source: 'platform', lsn, index: 0 }, epoch: 'e', xid: 0, isLast: true }) as Outcome

describe('cohorts that become one', () => {
  it.each([
    ['takes in one that is ahead of it', 10n, 12n],
    ['is ahead of the one that it takes in', 12n, 10n],
  ])('go on to be told what those behind have yet to hear, where the first %s', (_, first, second) => {
    const [kept, gone] = [cohortAt(first), cohortAt(second)]
    kept.cohort.absorb(gone.cohort)
    for (const lsn of [11n, 12n, 13n]) void kept.cohort.tell([outcomeAt(lsn)])
    const behind = first < second ? kept : gone
    expect(behind.places).toEqual([11n, 12n, 13n])
  })

  it('pass over what they were told already', () => {
    const { cohort, places } = cohortAt(10n)
    void cohort.tell([outcomeAt(9n), outcomeAt(10n), outcomeAt(11n)])
    expect(places).toEqual([11n])
  })
})
