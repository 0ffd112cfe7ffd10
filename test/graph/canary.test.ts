import { graphql } from 'graphql'
import { describe, expect, it } from 'vitest'
import { entities } from '../../src/graph/entity.ts'
import { datamodel, joinDatamodels } from '../../src/graph/models.ts'
import { createSchema } from '../../src/schema.ts'
import { sourceTable } from '../../src/sources/table.ts'
import { everyone } from '../support/everyone.ts'

/** Several Prisma clients in one Pothos builder are not an official feature: this tells when an update breaks it. */
describe('several Prisma clients in one builder', () => {
  it('has the models of all databases, each declared as an entity of the source that has it', () => {
    expect(Object.keys(datamodel.datamodel.models).toSorted()).toEqual(
      entities()
        .map(({ name }) => name as string)
        .toSorted(),
    )
    expect(new Set(entities().map(({ source }) => source))).toEqual(
      new Set(sourceTable.map(({ name }) => name)),
    )
  })

  it('refuses a model name that two databases use', () => {
    const one = { datamodel: { models: { Job: {} } } }
    expect(() => joinDatamodels([one, { datamodel: { models: { Job: {} } } }])).toThrow(
      'Two databases have a Prisma model named Job',
    )
  })

  it('plans a selection over relations without a client at hand: clients come with the context', async () => {
    const asked: object[] = []
    const delegate = {
      findMany: async (query: object) => {
        asked.push(query)
        return [{ id: 7, project: { name: 'Pallets' } }]
      },
    }
    const source = { usable: () => true, require: () => {}, timeZone: 'UTC' }
    const answer = await graphql({
      schema: createSchema(),
      source: '{ trainingJob(databaseId: 7) { databaseId project { name } } }',
      contextValue: {
        source: () => source,
        sources: [],
        viewer: everyone,
        memo: new Map(),
        models: { delegates: new Map([['trainingJob', delegate]]) },
      },
    })
    expect(answer).toEqual({ data: { trainingJob: { databaseId: 7, project: { name: 'Pallets' } } } })
    expect(asked).toEqual([
      {
        where: { AND: [{ id: { in: [7] } }] },
        select: { id: true, project: { select: { id: true, name: true } } },
      },
    ])
  })
})
