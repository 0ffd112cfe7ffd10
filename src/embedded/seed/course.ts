import { architectures, type TaskType } from './domains.ts'
import type { Random } from './random.ts'
import type { Moment } from './time.ts'

/** A loss that stopped being a number in an epoch, as the text that Postgres reads. */
export interface Divergence {
  readonly from: number
  readonly value: 'NaN' | 'Infinity' | '-Infinity'
}

/** What a finished epoch reported. */
export interface Point {
  readonly epoch: number
  readonly moment: Moment
  readonly loss: number | Divergence['value']
  /** The task's primary metric, 0 to 1; null once the training has diverged. */
  readonly score: number | null
  readonly learningRate: number
}

export interface Attempt {
  readonly started: Moment
  readonly points: readonly Point[]
}

/** What is trained, as far as it decides how the training goes. */
export interface Subject {
  readonly framework: string
  readonly model: string
  readonly task: TaskType
  readonly epochs: number
  readonly learningRate: number
}

/** What an epoch of a training that goes well comes to, given the noise that it draws. */
export type Learning = (
  epoch: number,
  noise: number,
) => { readonly loss: number; readonly score: number; readonly learningRate: number }

/** How a training goes: losses fall, scores rise to what the architecture reaches, the rate decays. */
export function learning(subject: Subject, random: Random): Learning {
  const reach =
    architectures[subject.framework]?.[subject.task]?.find(([model]) => model === subject.model)?.[1] ?? 0.6
  const best = Math.min(0.985, reach + 0.03 * random.normal())
  const firstLoss = random.between(1.2, 3.4)
  const lastLoss = random.between(0.06, 0.45)
  // A longer training has seen more of its gain in the same share of its epochs.
  const haste = 2.2 + Math.log10(subject.epochs + 1)
  return (epoch, noise) => {
    const share = epoch / subject.epochs
    const gain = 1 - Math.exp(-haste * share)
    return {
      loss: round((lastLoss + (firstLoss - lastLoss) * (1 - gain)) * (1 + 0.04 * noise), 6),
      score: round(Math.max(0.01, best * (0.12 + 0.88 * gain) - 0.01 * noise), 4),
      learningRate: round(subject.learningRate * (0.01 + 0.495 * (1 + Math.cos(Math.PI * share))), 9),
    }
  }
}

interface AttemptsOptions {
  readonly random: Random
  readonly subject: Subject
  /** Microseconds. */
  readonly epochTime: number
  readonly runs: readonly { started: Moment; done: number; divergence: Divergence | undefined }[]
}

/** The epochs of a job's runs. */
export function attempts({ random, subject, epochTime, runs }: AttemptsOptions): Attempt[] {
  const learn = learning(subject, random)
  return runs.map(({ started, done, divergence }) => ({
    started,
    points: Array.from({ length: done }, (_, index) => {
      const epoch = index + 1
      const learnt = learn(epoch, random.normal())
      const lost = divergence !== undefined && epoch >= divergence.from
      return {
        ...learnt,
        epoch,
        moment: Math.floor(started + (epoch + 0.05 * random.next()) * epochTime),
        ...(lost ? { loss: divergence.value, score: null } : {}),
      }
    }),
  }))
}

/** A number with so many digits after the point. */
export function round(value: number, digits: number): number {
  return Number(value.toFixed(digits))
}
