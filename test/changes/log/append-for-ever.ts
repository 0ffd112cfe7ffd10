/* Appends to the SQLite log of a folder until it is killed: `node append-for-ever.ts <folder>` prints every position as
 * it is acknowledged. */
import { writeSync } from 'node:fs'
import { pino } from 'pino'
import { openSqliteLog } from '../../../src/changes/log/sqlite-log.ts'
import { commits } from './transactions.ts'

const [, , folder = ''] = process.argv
const log = await openSqliteLog({
  folder,
  retentionMs: 3_600_000,
  maxBytes: 2 ** 30,
  log: pino({ level: 'silent' }),
})
const writer = await log.write('platform', { origin: 'one', confirmed: 0n })
for (;;) {
  const batch = commits(Number(writer.last) + 1, 1 + Math.floor(Math.random() * 20))
  await writer.append(batch)
  writeSync(1, `${writer.last}\n`)
}
