/*
 * One turn at a source's slot, from looking for it to losing it.
 *
 * The slot is the lock: Postgres lets one connection read it, so whoever reads it captures, and everybody else stands
 * by until it is free. Only then is the log opened for writing, at the place where the slot stands and cannot be moved
 * by another any more.
 *
 * A publication is its owner's word that the database may be captured. It is never made here, and where it is gone the
 * slot goes too, since it would keep WAL for nobody. Within these bounds what broke is mended: a slot that is lost or
 * missing is made anew (its history is another epoch then), a table that was dropped and made anew is published again
 * where the role may.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { type Client, DatabaseError } from 'pg'
import type { Address, ConnectionPlan } from '../database/connection-options.ts'
import { reasonOf } from '../database/failure.ts'
import { openClient } from '../database/open-client.ts'
import { TributaryError } from '../errors/tributary-error.ts'
import { Intake } from './intake.ts'
import { type ChangeLog, WriterFenced } from './log/change-log.ts'
import { planCapture } from './postgres/capture-plan.ts'
import { type Ask, type CaptureNames, type CaptureState, readCaptureState } from './postgres/capture-state.ts'
import { parseLsn } from './postgres/lsn.ts'
import { ReplicationStream, type StreamTiming } from './postgres/replication-stream.ts'
import { createSlot, dropSlot, invalidate, publish, slotPosition } from './postgres/set-up.ts'
import { tableReader } from './postgres/table-reading.ts'
import type { TransactionReader } from './postgres/transaction-reader.ts'
import { RememberingWriter } from './remembering-writer.ts'
import type { RememberedColumns } from './row-memory.ts'

/** In milliseconds. */
export interface CaptureTiming extends StreamTiming {
  readonly connectTimeoutMs: number
  /** Between two advances over what nobody is interested in. */
  readonly advanceMs: number
  /** Between two looks at the slot and the publication, with a report each. */
  readonly watchMs: number
  /** Between two looks whether the slot of another is free; a tenth more or less, so that not all look at once. */
  readonly standByMs: number
}

export interface SessionOptions {
  readonly source: string
  readonly plan: ConnectionPlan
  readonly names: CaptureNames
  readonly reader: TransactionReader
  readonly log: Pick<ChangeLog, 'write'>
  /** What of the rows is remembered, and the connection by which they are read: the capture's role needs no SELECT. */
  readonly remembered: { readonly columns: RememberedColumns; readonly plan: ConnectionPlan }
  readonly timing: CaptureTiming
  readonly signal: AbortSignal
  readonly tell: (news: SessionNews) => void
  /** The server process that read the slot for the session before. Where that one is lost, it may not know yet. */
  readonly formerPid?: number | undefined
}

/** What a session tells while it lasts. */
export type SessionNews =
  | { readonly kind: 'standing-by'; readonly pid: number }
  | { readonly kind: 'taken'; readonly pid: number | null }
  | {
      readonly kind: 'streaming'
      readonly epoch: string
      readonly lagBytes: number
      readonly unwatched: Readonly<Record<string, string>>
    }
  | { readonly kind: 'warning'; readonly line: string }

/** The database cannot be captured as it is; only its owner or an operator can mend it. */
export class CaptureImpossible extends Error {
  override readonly name = 'CaptureImpossible'
}

/** Why a session ended, in one line for people. */
export function explain(error: Error, address: Address): string {
  const isTold = [CaptureImpossible, TributaryError, WriterFenced].some((kind) => error instanceof kind)
  return isTold ? error.message : reasonOf(error, address)
}

/** Captures until the signal ends it. @throws what broke it before. */
export async function captureSession(options: SessionOptions): Promise<void> {
  const { source, plan, names, log, timing, signal, tell, reader } = options
  await using cleanup = new AsyncDisposableStack()
  const ask = await connect(options, cleanup)
  await slotToTake(ask, options)
  const intake = new Intake({ reader, advanceMs: timing.advanceMs })
  const { stream, origin } = await take(options, intake)
  cleanup.use(stream)
  cleanup.use(intake)
  const position = await slotPosition(ask, names)
  if (position === undefined) throw new Error(`the slot ${names.slot} vanished`)
  const confirmed = parseLsn(position)
  stream.confirm(confirmed)
  const writer = await RememberingWriter.over(
    await log.write(source, { origin, confirmed }),
    options.remembered.columns,
  )
  intake.begin(writer, stream)
  const over = new AbortController()
  cleanup.defer(() => over.abort())
  try {
    await Promise.race([
      stream.ended,
      intake.failed,
      watch({ options, ask, intake, writer, tell, signal: AbortSignal.any([signal, over.signal]) }),
    ])
    await writer.report({ status: 'stopped', at: Date.now() })
  } catch (error) {
    const reason = explain(error as Error, plan.address)
    // The log may be what failed; its last report grows old then, which says as much.
    await writer.report({ status: 'failed', reason, at: Date.now() }).catch(() => {})
    if (missesPublication(error)) {
      const line = `the slot ${names.slot} is older than its publication and would never find it; it is dropped`
      tell({ kind: 'warning', line })
      await stream[Symbol.asyncDispose]()
      await dropSlot(ask, names.slot)
    }
    throw error
  }
}

/**
 * Up to Postgres 17 a slot looks for its publication as it was when the changes were made: one that was dropped and
 * made anew is not there for those in between, for ever.
 */
const missesPublication = (error: unknown): boolean =>
  error instanceof DatabaseError && error.code === '42704' && /publication/.test(error.message)

async function connect(
  { plan, timing, signal }: SessionOptions,
  cleanup: AsyncDisposableStack,
): Promise<Ask> {
  const config = { application_name: 'tributary capture' }
  const { client } = await openClient(plan, { timeoutMs: timing.connectTimeoutMs, signal, config })
  cleanup.defer(() => void client.connection.stream.destroy())
  return async <Row extends object>(statement: string) => (await client.query<Row>(statement)).rows
}

/** Waits until there is a slot that nobody reads. @throws CaptureImpossible */
async function slotToTake(ask: Ask, options: SessionOptions): Promise<void> {
  const { names, timing, signal, tell } = options
  for (;;) {
    const state = await readCaptureState(ask, names)
    const { obstacles } = planCapture(state, names)
    if (obstacles.length > 0) throw new CaptureImpossible(obstacles.join('; '))
    if (!state.publication) await withdraw(ask, state, names)
    if (state.slot?.activePid && state.slot.activePid === options.formerPid)
      await ask(`SELECT pg_terminate_backend(${state.slot.activePid})`)
    if (state.slot?.activePid) {
      tell({ kind: 'standing-by', pid: state.slot.activePid })
      await pause(timing.standByMs * (0.9 + Math.random() * 0.2), undefined, { signal })
      continue
    }
    if (state.slot && state.slot.walStatus !== 'lost') return
    if (state.slot) {
      tell({
        kind: 'warning',
        line: `the slot ${names.slot} is lost, with what it would have told; it is made anew`,
      })
      await dropSlot(ask, names.slot)
    }
    await createSlot(ask, names.slot)
    return
  }
}

async function withdraw(ask: Ask, { slot }: CaptureState, names: CaptureNames): Promise<never> {
  if (slot && !slot.activePid) await dropSlot(ask, names.slot)
  throw new CaptureImpossible(
    `there is no publication ${names.publication}; run \`tributary capture setup\`, or have its owner make it`,
  )
}

/** Begins to read the slot. */
async function take({ plan, names, timing, signal, tell }: SessionOptions, receiver: Intake) {
  const { statement_timeout: _, query_timeout: __, ...client } = plan.client
  const { client: connection } = await openClient(
    { ...plan, client },
    {
      timeoutMs: timing.connectTimeoutMs,
      signal,
      config: { application_name: 'tributary capture', replication: 'database' } as object,
    },
  )
  const origin = await identify(connection, names)
  const stream = await ReplicationStream.start(connection, { ...names, receiver, timing })
  tell({ kind: 'taken', pid: (connection as Client & { readonly processID: number | null }).processID })
  return { stream, origin }
}

/** Names the history that the slot tells: of this cluster, since its last promotion, of this database. */
async function identify(connection: Client, { slot }: CaptureNames): Promise<string> {
  const { rows } = await connection.query<{ systemid: string; timeline: number; dbname: string }>(
    'IDENTIFY_SYSTEM',
  )
  const [system] = rows
  return `${system?.systemid}/${system?.timeline}/${system?.dbname}/${slot}`
}

interface WatchOptions {
  readonly options: SessionOptions
  readonly ask: Ask
  readonly intake: Intake
  readonly writer: RememberingWriter
  readonly tell: (news: SessionNews) => void
  readonly signal: AbortSignal
}

/** Looks after the publication and reports, until the signal. */
async function watch({ options, ask, intake, writer, tell, signal }: WatchOptions): Promise<void> {
  const { names, timing } = options
  let known: ReadonlyMap<string, number> | undefined
  let unreadable: readonly string[] = []
  while (!signal.aborted) {
    const state = await readCaptureState(ask, names)
    const { publication, mayPublish, unwatched } = planCapture(state, names)
    if (!state.publication) throw new CaptureImpossible(`the publication ${names.publication} was dropped`)
    const memberships = membershipsOf(state)
    if (mayPublish && publication.length > 0) {
      await publish(ask, publication, Object.keys(unwatched))
      known = undefined
    } else {
      if (known) await doubt(ask, changedSince(known, memberships))
      known = memberships
    }
    const lag = parseLsn(state.walEnd) - intake.durable
    const lagBytes = lag > 0n ? Number(lag) : 0
    await writer.report({ status: 'streaming', at: Date.now(), lagBytes, unwatched })
    tell({ kind: 'streaming', epoch: writer.epoch, lagBytes, unwatched })
    const due = writer.unread.filter((table) => !(table in unwatched) && !unreadable.includes(table))
    if (due.length > 0) unreadable = [...unreadable, ...(await readTables(due, options, writer))]
    await pause(timing.watchMs, undefined, { signal }).catch(() => {})
  }
}

/** Reads who sees the rows that have not changed yet. Answers the tables of which that cannot be known. */
async function readTables(
  tables: readonly string[],
  options: SessionOptions,
  writer: RememberingWriter,
): Promise<readonly string[]> {
  const { remembered, names, tell } = options
  const unreadable: string[] = []
  await using cleanup = new AsyncDisposableStack()
  const connecting = connect({ ...options, plan: remembered.plan }, cleanup)
  connecting.catch(() => {})
  let { room } = writer
  for (const [index, table] of tables.entries())
    try {
      const key = names.tables.find(({ name }) => name === table)?.key ?? []
      // What a small table leaves is for the others.
      const share = Math.floor(room / (tables.length - index))
      room -= await writer.read(table, share, tableReader(await connecting, key))
    } catch (error) {
      unreadable.push(table)
      const reason = explain(error as Error, remembered.plan.address)
      tell({ kind: 'warning', line: `who sees rows of ${table} is not known before they change: ${reason}` })
    }
  return unreadable
}

/** What names each table's place in the publication; another after it left and came back. */
const membershipsOf = ({ tables }: CaptureState): ReadonlyMap<string, number> =>
  new Map(
    tables
      .filter(({ isPublished }) => isPublished)
      .map((table) => [table.name, table.membership ?? table.oid]),
  )

function changedSince(known: ReadonlyMap<string, number>, now: ReadonlyMap<string, number>): string[] {
  return [...new Set([...known.keys(), ...now.keys()])].filter((name) => known.get(name) !== now.get(name))
}

async function doubt(ask: Ask, tables: readonly string[]): Promise<void> {
  if (tables.length > 0) await invalidate(ask, tables, 'its changes were not published for a while')
}
