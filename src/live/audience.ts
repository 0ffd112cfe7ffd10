import { always, type Rule } from '../auth/rule.ts'
import type { GraphContext } from '../graph/context.ts'
import type { Entity } from '../graph/entity.ts'
import { rowRuleOf } from '../graph/visibility.ts'
import { ruleHolds } from '../graph/visibility-row.ts'
import type { AnchoredRow } from './anchors.ts'
import { closedRule } from './decision.ts'

/** What an audience is told of a change: what it is, or, where the row goes out of sight by it, that it is gone. */
export type Telling = 'as it is' | 'removed' | 'nothing'

/** Those in a group for whom the same rule decides whether they see the row that the group watches, or its parent. */
export class Audience {
  /** Whether they see it. */
  sees = false
  /** How many streams are of it. */
  size = 0
  readonly rule: Rule
  readonly #context: GraphContext
  readonly #entity: Entity | undefined

  /** @param entity of the row that decides; without one, each row that is told of has been decided about. */
  constructor(context: GraphContext, entity: Entity | undefined) {
    this.#context = context
    this.#entity = entity
    this.rule = entity ? rowRuleOf(this.#context, entity) : always
    this.sees = this.rule.kind === 'always'
  }

  /** Whether the row decides nothing. */
  get isConstant(): boolean {
    return this.rule.kind === 'always' || this.rule.kind === 'never'
  }

  /** What they are told of a change after which the row is so; null where it is gone. */
  tell(row: AnchoredRow | null): Telling {
    const saw = this.sees
    this.look(row)
    if (row === null) return saw ? 'as it is' : 'nothing'
    return this.sees ? 'as it is' : saw ? 'removed' : 'nothing'
  }

  /** Looks whether they see it as it is now; answers whether that has changed. */
  look(row: AnchoredRow | null): boolean {
    if (this.isConstant || !this.#entity) return false
    const before = this.sees
    this.sees = row !== null && ruleHolds(this.#context, this.#entity, this.rule, row)
    return this.sees !== before
  }
}

/** Equal for those of one audience. */
export const audienceKey = (context: GraphContext, entity: Entity): string =>
  closedRule(context, entity, rowRuleOf(context, entity))
