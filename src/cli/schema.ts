import { printSchema } from 'graphql'
import { createSchema } from '../schema.ts'
import type { Command } from './command.ts'

export const schema: Command = {
  name: 'schema',
  summary: 'print the schema in SDL, as committed in schema.graphql',
  run: async ({ print }) => {
    print(printSchema(createSchema()))
    return 0
  },
}
