import { round } from './course.ts'
import type { Random } from './random.ts'

/** Scores of a model on the evaluation set. */
export interface Scores {
  readonly f1: number
  readonly brier: number
}

export interface Evaluated {
  readonly action: 'promote' | 'reject'
  readonly gate_results: Readonly<Record<string, Readonly<Record<string, number | boolean>>>>
  readonly reasoning: string
}

interface Trial {
  readonly gate: string
  readonly passed: boolean
  readonly noted: Readonly<Record<string, number>>
  readonly failure: string
}

/** The six gates that a candidate has to pass, tried in order until it fails at one. */
export function evaluate(options: {
  readonly candidate: Scores
  /** The one in service; none before the first promotion. */
  readonly serving: Scores | undefined
  readonly daysSincePromotion: number
  readonly random: Random
}): Evaluated {
  const { candidate, serving, daysSincePromotion, random } = options
  const samples = random.integer(140, 2_400)
  const coverage = round(random.between(0.24, 0.9), 3)
  const gain = round(candidate.f1 - (serving?.f1 ?? 0), 4)
  const worse = round(candidate.brier - (serving?.brier ?? 1), 4)
  const regression = round(random.between(0, 0.07), 3)
  const trials: Trial[] = [
    {
      gate: 'sufficient_samples',
      passed: samples >= 200,
      noted: { samples, required: 200 },
      failure: `only ${samples} labelled samples`,
    },
    {
      gate: 'minimum_coverage',
      passed: coverage >= 0.3,
      noted: { coverage, required: 0.3 },
      failure: `the truth is known for ${Math.round(coverage * 100)} % only`,
    },
    {
      gate: 'promotion_cooldown',
      passed: daysSincePromotion >= 7,
      noted: { days: Math.floor(daysSincePromotion), required: 7 },
      failure: 'the last promotion is less than 7 days ago',
    },
    {
      gate: 'metric_improvement',
      passed: gain >= 0.02,
      noted: { gain, required: 0.02 },
      failure: `F1 changes by ${gain}, 0.02 is wanted`,
    },
    {
      gate: 'calibration_maintained',
      passed: worse <= 0.01,
      noted: { worse, allowed: 0.01 },
      failure: `the Brier score is worse by ${worse}`,
    },
    {
      gate: 'no_segment_regression',
      passed: regression <= 0.05,
      noted: { regression, allowed: 0.05 },
      failure: `a segment is worse by ${regression}`,
    },
  ]
  const failed = trials.find(({ passed }) => !passed)
  const tried = failed ? trials.slice(0, trials.indexOf(failed) + 1) : trials
  return {
    action: failed ? 'reject' : 'promote',
    gate_results: Object.fromEntries(tried.map(({ gate, passed, noted }) => [gate, { passed, ...noted }])),
    reasoning: failed ? `Rejected at ${failed.gate}: ${failed.failure}.` : 'All gates passed.',
  }
}
