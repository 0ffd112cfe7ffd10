import type { Logger } from 'pino'
import { setUpCapture } from '../changes/postgres/set-up.ts'
import { type Config, type Environment, readConfig } from '../config/config.ts'
import { createLogger } from '../config/logger.ts'
import { sourceNames } from '../config/source-names.ts'
import { startDevelopmentDatabases } from '../embedded/development-databases.ts'
import { startDevelopmentLabeler } from '../embedded/labeler/development-labeler.ts'
import type { LabelerStandIn } from '../embedded/labeler/stand-in.ts'
import { namedPeople } from '../embedded/named-people.ts'
import { seededPlan } from '../embedded/replayer/plan.ts'
import { startReplayer } from '../embedded/replayer/replayer.ts'
import { tracePlan } from '../embedded/replayer/trace-plan.ts'
import { startGateway } from '../gateway.ts'
import { askOver, capturedDatabases, openDatabase } from './captured-databases.ts'
import type { Command } from './command.ts'
import { serveUntilStopped } from './serve-until-stopped.ts'
import { StopRequest } from './stop-request.ts'
import { queriesAsTab, welcome } from './welcome.ts'

export const dev: Command = {
  name: 'dev',
  summary:
    'run the gateway for development: over an embedded Postgres, unless the environment names databases',
  run: async ({ env, print }) => {
    const configured = readConfig(env)
    const log = createLogger(configured.log)
    const stop = new StopRequest()
    try {
      await using cleanup = new AsyncDisposableStack()
      const isEmbedded = configured.sources.length === 0
      const { config, labeler } = isEmbedded
        ? await embedded(cleanup, { env, configured, log, signal: stop.signal })
        : { config: configured }
      if (stop.isAsked) return 0
      const gateway = cleanup.use(
        await startGateway({
          config,
          log,
          graphiql: { defaultQuery: queriesAsTab(), ...(isEmbedded && { people: namedPeople }) },
        }),
      )
      letPeopleIn(labeler, gateway.url, config)
      if (!stop.isAsked) for (const line of welcome({ url: gateway.url, config, isEmbedded })) print(line)
      await serveUntilStopped(gateway, stop)
    } catch (error) {
      // Ctrl-C reaches initdb as well, whose end is then no failure.
      if (!stop.isAsked) throw error
      log.debug({ err: error }, 'the start was broken off')
    }
    return 0
  },
}

interface EmbeddedOptions {
  readonly env: Environment
  readonly configured: Config
  readonly log: Logger
  readonly signal: AbortSignal
}

interface Embedded {
  readonly config: Config
  /** The stand-in that plays the Labeler; undefined where the environment names a real one. */
  readonly labeler?: LabelerStandIn
}

/** Its people sign in at the gateway. */
function letPeopleIn(labeler: LabelerStandIn | undefined, url: string, { auth: { issuer } }: Config): void {
  if (issuer !== null) labeler?.trust({ issuer, jwksUrl: new URL('/.well-known/jwks.json', url).href })
}

/** The environment's configuration, over databases of our own. */
async function embedded(
  cleanup: AsyncDisposableStack,
  { env, configured, log, signal }: EmbeddedOptions,
): Promise<Embedded> {
  const { home, replay } = configured
  const plan = replay.traceFolder === undefined ? seededPlan : await tracePlan(replay.traceFolder)
  const databases = await startDevelopmentDatabases(home, (line) => log.info(line), signal)
  const { urls } = cleanup.use(databases)
  const labeler = configured.labeler
    ? undefined
    : cleanup.use(await startDevelopmentLabeler(urls.platform, configured.auth.serviceJwtSecret?.reveal()))
  const config = readConfig({
    JOB_COMMANDS: 'rows',
    ...labeler?.env,
    ...env,
    ...Object.fromEntries(sourceNames.map(({ name, variable }) => [variable, urls[name]])),
  })
  await publishAll(config, log)
  if (replay.isOn) cleanup.use(startReplayer({ urls, plan, speed: replay.speed, log }))
  return { config, ...(labeler && { labeler: labeler.standIn }) }
}

/** These databases are ours, so nobody else has to be asked. */
async function publishAll(config: Config, log: Logger): Promise<void> {
  for (const database of capturedDatabases(config, undefined)) {
    await using client = await openDatabase(database)
    const { isReady, lines } = await setUpCapture(askOver(client), database.names)
    if (!isReady) log.warn({ source: database.config.name }, lines.join('; '))
  }
}
