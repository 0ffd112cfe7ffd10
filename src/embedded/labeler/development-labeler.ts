import { randomBytes } from 'node:crypto'
import { createLabelerDatabase } from './database.ts'
import { type LabelerStandIn, startLabelerStandIn } from './stand-in.ts'

/** The Labeler of `npm start`, over a database of the embedded Postgres that the gateway has no way into. */
export interface DevelopmentLabeler extends AsyncDisposable {
  readonly standIn: LabelerStandIn
  /** The environment in which a gateway finds it. */
  readonly env: Readonly<Record<string, string>>
}

/**
 * Starts it.
 *
 * @param adminUrl of a superuser of the server.
 * @param secret of the service tokens; by default one that nobody else knows.
 */
export async function startDevelopmentLabeler(
  adminUrl: string,
  secret = randomBytes(32).toString('hex'),
): Promise<DevelopmentLabeler> {
  const databaseUrl = await createLabelerDatabase(adminUrl, randomBytes(24).toString('hex'))
  const standIn = await startLabelerStandIn({ databaseUrl, secret })
  return {
    standIn,
    env: { LABELER_API_URL: standIn.url, SERVICE_JWT_SECRET: secret },
    [Symbol.asyncDispose]: () => standIn[Symbol.asyncDispose](),
  }
}
