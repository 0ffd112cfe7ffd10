import { seededPlan } from '../../../src/embedded/replayer/plan.ts'
import type { Stage, Turn, Writer } from '../../../src/embedded/replayer/writer.ts'

/** A writer under a clock that the test turns. */
export interface PlayedWriter {
  /** Lets so many seconds pass, a turn at each beat of the writer's rhythm. */
  play(seconds: number): Promise<void>
  /** The same until something holds. @throws Error when it does not within an hour of the clock. */
  playUntil(holds: () => Promise<boolean>): Promise<void>
  /** Forgets all that it remembers, as when its process ends. */
  beginAnew(): void
}

export function playWriter(
  writer: Writer,
  { client, plan = seededPlan }: Pick<Stage, 'client'> & Partial<Stage>,
): PlayedWriter {
  let time = 0
  let turn: Turn
  const beginAnew = () => {
    turn = writer.begin({ client, plan, clock: () => time })
  }
  const beat = async () => {
    time += writer.rhythm
    await turn()
  }
  beginAnew()
  return {
    beginAnew,
    async play(seconds) {
      for (const end = time + seconds; time < end; ) await beat()
    },
    async playUntil(holds) {
      for (const end = time + 3600; time < end; ) {
        await beat()
        if (await holds()) return
      }
      throw new Error(`an hour of ${writer.name} did not bring it about`)
    },
  }
}
