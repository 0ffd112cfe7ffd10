import type { Command } from './command.ts'
import { dbMigrate } from './db-migrate.ts'
import { dbSeed } from './db-seed.ts'
import { dbVerify } from './db-verify.ts'
import { dev } from './dev.ts'
import { schema } from './schema.ts'
import { serve } from './serve.ts'

export const commands: readonly Command[] = [dev, serve, dbVerify, dbMigrate, dbSeed, schema]
