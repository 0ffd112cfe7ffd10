import { NoSchemaIntrospectionCustomRule } from 'graphql'
import type { ServerPlugin } from './server-context.ts'

/** Refuses `__schema` and `__type`. */
export const noIntrospectionPlugin: ServerPlugin = {
  onValidate: ({ addValidationRule }) => addValidationRule(NoSchemaIntrospectionCustomRule),
}
