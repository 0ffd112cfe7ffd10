/*
 * One row for one idempotency key, also when the same mutation is sent twice at once, or again after the gateway broke
 * off in the middle, and although the keys and the rows may be in different databases.
 *
 * Noting the key and making the row cannot be one transaction, and a note made before or after it is wrong when the
 * process ends in between. So the row's own key is reserved first (drawn from its sequence) and noted with the
 * idempotency key; whoever comes with the idempotency key then makes the row with that key, unless it is there. Nobody
 * waits for anybody.
 *
 * - All who come with one idempotency key get the reservation of the first.
 * - A note that is done is answered without making anything, so that a row deleted since does not come back.
 * - A key stands for its input also where that was refused.
 */
import { createHash } from 'node:crypto'
import { actorOf, type Principal } from '../auth/principal.ts'
import type { RequestSession } from '../auth/request-session.ts'
import { IdempotencyKeyReused, invalid, Refused } from './write-failure.ts'

export interface Idempotency<Reservation> {
  readonly session: RequestSession
  readonly principal: Principal
  /** Name of the mutation. */
  readonly action: string
  /** The client's idempotency key, if it gave one. */
  readonly key: string | null | undefined
  /** All that was asked, as it can be written as JSON. */
  readonly input: unknown
  /** Draws what tells the rows to be made: JSON. */
  readonly reserve: () => Promise<Reservation>
  /** Makes the rows that are reserved, unless they are there. */
  readonly make: (reservation: Reservation) => Promise<void>
}

const longest = 255

/**
 * @returns the reservation whose rows are there now, made or found.
 * @throws Refused IdempotencyKeyReused, InvalidInput, and what `make` throws.
 */
export async function once<Reservation>(request: Idempotency<Reservation>): Promise<Reservation> {
  const { key, reserve, make } = request
  const reserved = await reserve()
  if (key == null) {
    await make(reserved)
    return reserved
  }
  if (key === '' || key.length > longest || /\0/.test(key) || !key.isWellFormed())
    throw invalid('idempotencyKey', `idempotencyKey has to be text of 1 to ${longest} characters.`)
  const { reservation, isDone, isSame } = await note(request, key, reserved)
  if (!isSame)
    throw new Refused(
      IdempotencyKeyReused,
      'This idempotency key was used with another input. Use a new one.',
    )
  if (isDone) return reservation
  await make(reservation)
  await finish(request, key)
  return reservation
}

interface Note<Reservation> {
  readonly reservation: Reservation
  readonly isDone: boolean
  readonly isSame: boolean
}

/** The members of a JSON object have no order: a client that writes them in another asks the same. */
const canonical = (input: unknown): string =>
  JSON.stringify(input, (_, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  )

async function note<Reservation>(
  { session, principal, action, input }: Idempotency<Reservation>,
  key: string,
  reserved: Reservation,
): Promise<Note<Reservation>> {
  const hash = createHash('sha256').update(canonical(input)).digest()
  const [noted] = await session.state.query<Note<Reservation>>(
    `INSERT INTO tributary.idempotency_keys AS known (actor, action, key, request_hash, answer)
     VALUES ($1, $2, $3, $4, jsonb_build_object('reservation', $5::jsonb, 'done', false))
     ON CONFLICT (actor, action, key) DO UPDATE SET key = known.key
     RETURNING answer->'reservation' AS reservation, (answer->>'done')::boolean AS "isDone",
       request_hash = $4 AS "isSame"`,
    [actorOf(principal), action, key, hash, JSON.stringify(reserved)],
  )
  if (!noted) throw new Error('An idempotency key was noted and not answered.')
  return noted
}

async function finish<R>({ session, principal, action }: Idempotency<R>, key: string): Promise<void> {
  await session.state.query(
    `UPDATE tributary.idempotency_keys SET answer = jsonb_set(answer, '{done}', 'true')
     WHERE actor = $1 AND action = $2 AND key = $3`,
    [actorOf(principal), action, key],
  )
}
