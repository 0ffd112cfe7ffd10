import { capture } from './capture.ts'
import { captureDrop, captureSetup } from './capture-setup.ts'
import { captureStatus } from './capture-status.ts'
import type { Command } from './command.ts'
import { dbBackup, dbRestore } from './db-backup.ts'
import { dbInit } from './db-init.ts'
import { dbMigrate } from './db-migrate.ts'
import { dbSeed } from './db-seed.ts'
import { dbStatus } from './db-status.ts'
import { dbVerify } from './db-verify.ts'
import { dev } from './dev.ts'
import { keysList, keysRotate } from './keys.ts'
import { schema } from './schema.ts'
import { serve } from './serve.ts'
import { token } from './token.ts'

export const commands: readonly Command[] = [
  dev,
  serve,
  captureSetup,
  captureStatus,
  captureDrop,
  capture,
  dbVerify,
  dbInit,
  dbMigrate,
  dbSeed,
  dbStatus,
  dbBackup,
  dbRestore,
  keysList,
  keysRotate,
  token,
  schema,
]
