import { type GraphQLSchema, getNamedType, isEnumType, isObjectType, isScalarType } from 'graphql'

export interface FieldShape {
  readonly name: string
  /** Name of the type without list and non-null. */
  readonly type: string
  readonly kind: 'scalar' | 'entity' | 'connection' | 'service' | 'other'
}

/** Types of what services hold: no table is behind them, and their tests are their own. */
const ofServices = ['Dataset', 'DatasetConnection']

/** The fields of an object type, and what kind each is. Fields with a required argument are `other`. */
export function fieldsOf(schema: GraphQLSchema, typeName: string): FieldShape[] {
  const type = schema.getType(typeName)
  if (!isObjectType(type)) throw new Error(`${typeName} is no object type.`)
  return Object.values(type.getFields()).map((field) => {
    const named = getNamedType(field.type)
    const kind =
      isScalarType(named) || isEnumType(named)
        ? 'scalar'
        : !isObjectType(named)
          ? 'other'
          : ofServices.includes(named.name)
            ? 'service'
            : named.name.endsWith('Connection') &&
                isObjectType(schema.getType(named.name.slice(0, -'Connection'.length)))
              ? 'connection'
              : named.getInterfaces().some(({ name }) => name === 'Node')
                ? 'entity'
                : 'other'
    return { name: field.name, type: named.name, kind }
  })
}
