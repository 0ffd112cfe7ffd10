import { type GraphQLSchema, getNamedType, isEnumType, isObjectType, isScalarType } from 'graphql'

export interface FieldShape {
  readonly name: string
  /** Name of the type without list and non-null. */
  readonly type: string
  readonly kind: 'scalar' | 'entity' | 'connection' | 'other'
}

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
          : named.name.endsWith('Connection')
            ? 'connection'
            : named.getInterfaces().some(({ name }) => name === 'Node')
              ? 'entity'
              : 'other'
    return { name: field.name, type: named.name, kind }
  })
}
