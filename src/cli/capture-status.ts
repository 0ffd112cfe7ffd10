import { planCapture } from '../changes/postgres/capture-plan.ts'
import { type CaptureState, readCaptureState } from '../changes/postgres/capture-state.ts'
import { parseLsn } from '../changes/postgres/lsn.ts'
import { readConfig } from '../config/config.ts'
import {
  askOver,
  type CapturedDatabase,
  capturedDatabases,
  forEachDatabase,
  openDatabase,
} from './captured-databases.ts'
import { parsedOptions } from './captured-options.ts'
import type { Command } from './command.ts'
import { size } from './db-status.ts'

export const captureStatus: Command = {
  name: 'capture status',
  parameters: '[--only source,…]',
  summary:
    'the slot and the publication of each database, who reads it and how far; 1 when something is missing',
  run: async (invocation) => {
    const { only } = parsedOptions(invocation, ['only'])
    const databases = capturedDatabases(readConfig(invocation.env), only)
    return forEachDatabase(databases, invocation.print, async (database) => {
      await using client = await openDatabase(database)
      const state = await readCaptureState(askOver(client), database.names)
      return { ...report(state, database), statements: [] }
    })
  },
}

function report(state: CaptureState, { names }: CapturedDatabase) {
  const { obstacles, unwatched, warnings } = planCapture(state, names)
  const missing = Object.entries(unwatched).map(([table, reason]) => `no changes of ${table}: ${reason}`)
  const extra = state.extra.length > 0 ? [`published for nobody: ${state.extra.join(', ')}`] : []
  const published = names.tables.length - missing.length
  const publication = state.publication
    ? `the publication ${names.publication} has ${published} of ${names.tables.length} tables`
    : `there is no publication ${names.publication}; run \`tributary capture setup\``
  return {
    isReady:
      obstacles.length + missing.length === 0 &&
      state.publication !== null &&
      state.slot?.walStatus !== 'lost' &&
      state.slot !== null,
    lines: [slotLine(state, names.slot), publication, ...obstacles, ...missing, ...extra, ...warnings],
  }
}

function slotLine({ slot, walEnd }: CaptureState, name: string): string {
  if (!slot) return `there is no slot ${name}`
  const reader = slot.activePid ? `read by server process ${slot.activePid}` : 'read by nobody'
  const behind = slot.confirmed === null ? 0n : parseLsn(walEnd) - parseLsn(slot.confirmed)
  const lag = `${size(behind < 0n ? 0n : behind)} behind`
  const kept =
    slot.retainedBytes === null ? 'keeps nothing' : `keeps ${size(BigInt(slot.retainedBytes))} of WAL`
  return `the slot ${name} is ${reader}, ${lag}, ${kept} (${slot.walStatus ?? 'no WAL'})`
}
