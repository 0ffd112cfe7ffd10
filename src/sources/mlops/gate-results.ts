import { builder } from '../../graph/builder.ts'
import type { Entity } from '../../graph/entity.ts'
import { modelName } from '../../graph/entity-ref.ts'
import { enumeration } from '../../graph/enumeration.ts'
import { requireColumns, selectUsable } from '../../graph/statement.ts'
import { DecisionHistoryEntry } from './decision-history-entry.ts'
import { RetrainingDecision } from './retraining-decision.ts'

const Gate = enumeration(
  'EvaluationGate',
  'What a candidate has to pass, in this order; the first failure ends it.',
  {
    SUFFICIENT_SAMPLES: { stored: 'sufficient_samples', description: 'Enough samples whose truth is known.' },
    MINIMUM_COVERAGE: {
      stored: 'minimum_coverage',
      description: 'The truth is known for enough predictions.',
    },
    PROMOTION_COOLDOWN: {
      stored: 'promotion_cooldown',
      description: 'The last promotion is long enough ago.',
    },
    METRIC_IMPROVEMENT: { stored: 'metric_improvement', description: 'F1 is better by enough.' },
    CALIBRATION_MAINTAINED: {
      stored: 'calibration_maintained',
      description: 'The Brier score is not worse by more than a little.',
    },
    NO_SEGMENT_REGRESSION: {
      stored: 'no_segment_regression',
      description: 'No segment is worse than before.',
    },
  },
)

interface Result {
  readonly gate: string
  readonly passed: boolean | null
  readonly details: object
}

const GateResult = builder.objectRef<Result>('GateResult').implement({
  description: 'What came out at one gate.',
  fields: (t) => ({
    gate: t.field({
      type: Gate.ref,
      nullable: false,
      description: 'Which gate.',
      resolve: ({ gate }) => Gate.label(gate),
    }),
    gateRaw: t.exposeString('gate', {
      nullable: false,
      description: 'The text of `gate` as the database has it.',
    }),
    passed: t.exposeBoolean('passed', {
      nullable: true,
      description: 'Whether the candidate passed; null where that is not told.',
    }),
    details: t.field({
      type: 'JSON',
      nullable: false,
      description: 'What else was noted: values, thresholds.',
      resolve: ({ details }) => details,
    }),
  }),
})

/** Gates in the order in which they are tried; others, in their own, after them. */
const rank = (gate: string) => {
  const place = Gate.known.indexOf(gate)
  return place === -1 ? Gate.known.length : place
}

/**
 * The gates of a `gate_results`, in the order in which they are tried: an object with one member a gate, `{passed, …}`,
 * or, as some releases write it, just whether it was passed. Whatever is of another form has no gates.
 */
export function gatesOf(results: unknown): Result[] {
  if (typeof results !== 'object' || results === null || Array.isArray(results)) return []
  return Object.entries(results)
    .flatMap(([gate, result]: [string, unknown]): Result[] => {
      if (typeof result === 'boolean') return [{ gate, passed: result, details: {} }]
      if (typeof result !== 'object' || result === null || Array.isArray(result)) return []
      const { passed, ...details } = result as { passed?: unknown }
      return [{ gate, passed: typeof passed === 'boolean' ? passed : null, details }]
    })
    .toSorted((a, b) => rank(a.gate) - rank(b.gate))
}

for (const entity of [RetrainingDecision, DecisionHistoryEntry] satisfies Entity[])
  builder.prismaObjectFields(modelName(entity), (t) => {
    const given = {
      nullable: true,
      select: (_args: object, context: Parameters<typeof selectUsable>[0]) =>
        selectUsable(context, entity, ['gate_results']),
    } as const
    const read = (row: object, context: Parameters<typeof requireColumns>[0]) => {
      requireColumns(context, entity, ['gate_results'])
      return gatesOf((row as { gate_results?: unknown }).gate_results)
    }
    return {
      gates: t.field({
        type: [GateResult],
        ...given,
        description: 'What came out at each gate that was tried, in their order.',
        resolve: (row, _args, context) => read(row, context),
      }),
      failedGate: t.field({
        type: GateResult,
        ...given,
        description: 'The gate that the candidate failed at; null where it passed all that were tried.',
        resolve: (row, _args, context) => read(row, context).find(({ passed }) => passed === false) ?? null,
      }),
    }
  })
