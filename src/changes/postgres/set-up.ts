import { escapeIdentifier, escapeLiteral } from 'pg'
import { planCapture } from './capture-plan.ts'
import { type Ask, type CaptureNames, readCaptureState } from './capture-state.ts'
import { invalidationPrefix } from './transaction-reader.ts'

/** What setting up a database came to. */
export interface SetUpOutcome {
  /** Whether it can be captured now. */
  readonly isReady: boolean
  /** What was done, what was in the way, and what to know, for people. */
  readonly lines: readonly string[]
  /** What somebody with more rights has to run. */
  readonly statements: readonly string[]
}

/** Makes publication and slot, as far as the role may; what is there already is brought up to date. */
export async function setUpCapture(ask: Ask, names: CaptureNames): Promise<SetUpOutcome> {
  const state = await readCaptureState(ask, names)
  const plan = planCapture(state, names)
  const notes = [
    ...plan.warnings,
    ...Object.entries(plan.impossible).map(([table, reason]) => `${table} is left out: ${reason}`),
  ]
  const refused = (lines: readonly string[], statements: readonly string[] = []) => ({
    isReady: false,
    lines: [...lines, ...notes],
    statements,
  })
  if (plan.obstacles.length > 0) return refused(plan.obstacles, plan.publication)
  if (plan.publication.length > 0 && !plan.mayPublish)
    return refused(
      [`the role ${state.role} may not publish these tables; their owner has to run`],
      plan.publication,
    )
  if (!state.publication && plan.publication.length === 0) return refused(['it has no table to publish'])
  const done: string[] = []
  if (plan.publication.length > 0) {
    await publish(ask, plan.publication, Object.keys(plan.unwatched))
    done.push(...plan.publication)
  }
  // A slot that is older than its publication does not find it, before Postgres 16 for ever.
  const isStale = state.slot !== null && (!state.publication || state.slot.walStatus === 'lost')
  if (isStale) await dropSlot(ask, names.slot)
  if (isStale || !state.slot) {
    await createSlot(ask, names.slot)
    done.push(`made the slot ${names.slot}`)
  }
  return {
    isReady: true,
    lines: [...(done.length > 0 ? done : ['as it should be']), ...notes],
    statements: [],
  }
}

/** Removes slot and publication, what there is of them. @returns what was done, for people. */
export async function tearDownCapture(ask: Ask, names: CaptureNames): Promise<SetUpOutcome> {
  const state = await readCaptureState(ask, names)
  const lines: string[] = []
  const dropping = `DROP PUBLICATION ${escapeIdentifier(names.publication)}`
  if (state.slot?.activePid)
    return {
      isReady: false,
      lines: [
        `the slot ${names.slot} is being read (server process ${state.slot.activePid}); stop the capture first`,
      ],
      statements: [],
    }
  if (state.slot && state.mayReplicate) {
    await dropSlot(ask, names.slot)
    lines.push(`dropped the slot ${names.slot}`)
  }
  const mayDrop = state.isSuperuser || state.publication?.isOwn === true
  if (state.publication && mayDrop) {
    await ask(dropping)
    lines.push(dropping)
  }
  const statements = [
    ...(state.slot && !state.mayReplicate
      ? [`SELECT pg_drop_replication_slot(${escapeLiteral(names.slot)})`]
      : []),
    ...(state.publication && !mayDrop ? [dropping] : []),
  ]
  const rest =
    statements.length > 0 ? [`the role ${state.role} may not do all of it; somebody has to run`] : []
  const nothing = lines.length + rest.length === 0 ? ['there is nothing to drop'] : []
  return { isReady: statements.length === 0, lines: [...lines, ...rest, ...nothing], statements }
}

/**
 * Runs the statements that make a publication right. In the same transaction the tables that join it are declared
 * unknown, in the write-ahead log itself: what happened to them before is missing there, and whoever reads the log
 * learns so at the very place.
 */
export async function publish(
  ask: Ask,
  statements: readonly string[],
  tables: readonly string[],
): Promise<void> {
  await ask('BEGIN')
  try {
    for (const statement of statements) await ask(statement)
    await invalidate(ask, tables, 'its changes were not published for a while')
    await ask('COMMIT')
  } catch (error) {
    await ask('ROLLBACK')
    throw error
  }
}

/** Declares what is known of tables doubtful, at this place of the write-ahead log. */
export async function invalidate(ask: Ask, tables: readonly string[], reason: string): Promise<void> {
  for (const table of tables) {
    const content = escapeLiteral(JSON.stringify({ table, reason }))
    await ask(`SELECT pg_logical_emit_message(true, ${escapeLiteral(invalidationPrefix)}, ${content})`)
  }
}

/** Makes the slot; it waits for the transactions that are under way. After its publication. */
export async function createSlot(ask: Ask, slot: string): Promise<void> {
  await ask(`SELECT pg_create_logical_replication_slot(${escapeLiteral(slot)}, 'pgoutput')`)
}

/** Drops the slot; whoever reads it keeps it. */
export async function dropSlot(ask: Ask, slot: string): Promise<void> {
  await ask(`SELECT pg_drop_replication_slot(${escapeLiteral(slot)})`)
}

/** Where the slot stands; undefined where there is none. */
export async function slotPosition(ask: Ask, { slot }: CaptureNames): Promise<string | undefined> {
  const [found] = await ask<{ confirmed: string }>(
    `SELECT confirmed_flush_lsn AS confirmed FROM pg_replication_slots WHERE slot_name = ${escapeLiteral(slot)}`,
  )
  return found?.confirmed
}
