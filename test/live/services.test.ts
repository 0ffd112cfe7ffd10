import { getOperationAST, parse } from 'graphql'
import { describe, expect, it } from 'vitest'
import type { GraphContext } from '../../src/graph/context.ts'
import { decisionOf, dependenciesOf } from '../../src/live/decision.ts'
import { createSchema } from '../../src/schema.ts'
import { user } from '../support/graph.ts'

const schema = createSchema()

function decisionsOf(selection: string): string[] {
  const document = parse(`subscription { trainingJobChanged(id: "x") { node { ${selection} } } }`)
  const operation = getOperationAST(document)
  if (!operation) throw new Error('no operation')
  const dependencies = dependenciesOf(schema, document, operation)
  return [1, 2].map((id) => {
    const viewer = { principal: user({ id }), scope: { keys: () => [] }, open: false }
    return decisionOf({ viewer, memo: new Map() } as unknown as GraphContext, dependencies)
  })
}

describe('two people who watch a job', () => {
  it('share what the row tells', () => {
    const [one, other] = decisionsOf('status notes')
    expect(one).toBe(other)
  })

  it('do not share what the row leads to, where they see other rows', () => {
    const [one, other] = decisionsOf('metrics { nodes { epoch } }')
    expect(one).not.toBe(other)
  })

  it.each([
    'dataset { name }',
    '... on TrainingJob { dataset { id } }',
    'datasetSnapshot { dataset { name } }',
  ])('do not share %s, of which the Labeler decides who sees it', (selection) => {
    const [one, other] = decisionsOf(selection)
    expect(one).not.toBe(other)
  })
})
