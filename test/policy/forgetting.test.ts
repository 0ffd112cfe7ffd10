import SchemaBuilder from '@pothos/core'
import { isObjectType } from 'graphql'
import { describe, expect, it } from 'vitest'
import { entityPolicies, fieldRule, namedFields, typePolicies } from '../../src/auth/policy.ts'
import type { Rule } from '../../src/auth/rule.ts'
import { integer } from '../../src/graph/column.ts'
import { declareEntity, type Entity, entities, entityNamed, fieldName } from '../../src/graph/entity.ts'
import '../../src/graph/policy-plugin.ts'
import { createSchema } from '../../src/schema.ts'

/** A schema of one type with one field besides its key. */
function build(type: string, field: string) {
  const builder = new SchemaBuilder<object>({ plugins: ['policy'] } as never)
  builder.queryType({ fields: (t) => ({ here: t.boolean({ resolve: () => true }) }) })
  builder.objectRef<object>(type).implement({
    fields: (t) => ({
      databaseId: t.int({ resolve: () => 1 }),
      [field]: t.string({ resolve: () => 'told' }),
    }),
  })
  return builder.toSchema()
}

/** The rule and all rules in it. */
const parts = (rule: Rule): Rule[] => ('of' in rule ? [rule, ...rule.of.flatMap(parts)] : [rule])

const rulesOf = (entity: Entity): Rule[] => {
  const { rows, restricted = [] } = entityPolicies[entity.name] ?? {}
  return [...(rows ? [rows] : []), ...restricted.map(({ to }) => to)].flatMap(parts)
}

describe('a schema', () => {
  const schema = createSchema()
  const fieldsOf = (type: string) => {
    const found = schema.getType(type)
    return isObjectType(found) ? Object.keys(found.getFields()) : []
  }

  it('is not built with a field of an entity that the policy does not name', () => {
    expect(() => build('Project', 'name')).not.toThrow()
    expect(() => build('Project', 'budget')).toThrow('Project.budget has no policy')
  })

  it('is not built with an entity that the policy does not name', () => {
    declareEntity('platform', 'Sprocket' as 'Project', {
      table: 'sprockets',
      description: 'A wheel.',
      key: 'id',
      columns: { id: integer('Key.') },
      defaultOrder: [],
    })
    expect(() => build('Sprocket', 'name')).toThrow('Sprocket has no policy')
  })

  it('finds each field in one list alone', () => {
    const listed = Object.entries({ ...entityPolicies, ...typePolicies }).flatMap(
      ([name, { fields, restricted = [] }]) =>
        [fields, ...restricted.map((one) => one.fields)]
          .flatMap((list) => list.split(/\s+/).filter(Boolean))
          .map((field) => `${name}.${field}`),
    )
    expect(listed.toSorted()).toEqual(namedFields().toSorted())
  })

  it('has every type and field that the policy names', () => {
    const missing = namedFields().filter((coordinate) => {
      const [type = '', field = ''] = coordinate.split('.')
      return !fieldsOf(type).includes(field)
    })
    expect(missing).toEqual([])
    expect(namedFields().length).toBeGreaterThan(300)
  })

  it('has every column and relation that a rule speaks of', () => {
    for (const name of Object.keys(entityPolicies)) {
      const entity = entityNamed(name)
      for (const rule of rulesOf(entity)) {
        if ('column' in rule) expect([...entity.columns.keys()], name).toContain(rule.column)
        if (rule.kind === 'through') expect([...entity.relations.keys()], name).toContain(rule.relation)
        if (rule.kind === 'used')
          expect(entityNamed(rule.entity).relations.get(rule.relation)?.to, name).toBe(name)
      }
    }
  })

  it('shows what is declared as internal to administrators alone', () => {
    const internal = entities().flatMap((entity) =>
      [...entity.columns]
        .filter(([, column]) => column.internal)
        .map(([column]) => [entity.name, fieldName(entity, column)] as const),
    )
    expect(internal.length).toBeGreaterThan(10)
    for (const [type, field] of internal)
      expect(fieldRule(type, field), `${type}.${field}`).toEqual({ kind: 'role', least: 'admin' })
  })
})
