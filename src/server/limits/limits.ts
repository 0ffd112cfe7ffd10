import type { DocumentNode } from 'graphql'
import type { LimitsConfig } from '../../config/config.ts'
import type { ErrorCode } from '../../errors/catalogue.ts'
import { TributaryError } from '../../errors/tributary-error.ts'
import { isTooDeep } from '../../graph/json-text.ts'
import { type CostedOperation, costOf } from './cost.ts'
import { type Measure, measureDocument } from './measure.ts'
import { refuseAbove } from './refusal.ts'

const measures = new WeakMap<DocumentNode, Measure>()

/** The measure of a document, remembered as long as the document is. */
function measureOf(document: DocumentNode): Measure {
  const known = measures.get(document)
  if (known) return known
  const measure = measureDocument(document)
  measures.set(document, measure)
  return measure
}

/**
 * Refuses a parsed document by its shape, before it is validated.
 *
 * @throws TributaryError DEPTH_LIMIT, ALIAS_LIMIT, DIRECTIVE_LIMIT or FIELD_LIMIT.
 */
export function refuseShape(document: DocumentNode, limits: LimitsConfig): void {
  const { depth, aliases, directives, fields } = measureOf(document)
  const refuse = (code: ErrorCode, counted: string, found: number, limit: number) =>
    refuseAbove({ code, counted, limit, found, remedy: 'Ask in several requests.' })
  refuse('DEPTH_LIMIT', 'levels of fields', depth, limits.maxDepth)
  refuse('ALIAS_LIMIT', 'aliases', aliases, limits.maxAliases)
  refuse('DIRECTIVE_LIMIT', 'directives', directives, limits.maxDirectives)
  refuse('FIELD_LIMIT', 'fields', fields, limits.maxFields)
}

/** Levels that variables may have: JSON within the deepest filter. */
const deepestVariables = 128

/**
 * Refuses variables by their nesting, before anything goes down into them: whatever does has a stack.
 *
 * @throws TributaryError DEPTH_LIMIT.
 */
export function refuseVariables(variables: unknown): void {
  if (isTooDeep(variables, deepestVariables))
    throw new TributaryError('DEPTH_LIMIT', `The variables nest deeper than ${deepestVariables} levels.`, {
      extensions: { limit: deepestVariables },
    })
}

/**
 * Refuses a valid operation by the objects that it may answer with, before it is executed.
 *
 * @throws TributaryError COST_LIMIT.
 */
export function refuseCost(operation: CostedOperation, limits: LimitsConfig): void {
  refuseAbove({
    code: 'COST_LIMIT',
    counted: 'objects to answer with at most',
    limit: limits.maxCost,
    found: costOf(operation),
    remedy: 'Ask for smaller pages.',
  })
}
