import { type Config, type Environment, readConfig } from '../config/config.ts'
import { createLogger } from '../config/logger.ts'
import { startDevelopmentDatabases } from '../embedded/development-databases.ts'
import { startGateway } from '../gateway.ts'
import type { Command } from './command.ts'
import { untilStopped } from './until-stopped.ts'
import { welcome } from './welcome.ts'

/** Folder of the embedded Postgres, below where the command runs. */
const home = '.tributary'

export const dev: Command = {
  name: 'dev',
  summary:
    'run the gateway for development: over an embedded Postgres, unless the environment names databases',
  run: async ({ env, stop, print }) => {
    const configured = readConfig(env)
    const log = createLogger(configured.log)
    await using cleanup = new AsyncDisposableStack()
    const config =
      configured.sources.length > 0 ? configured : await embedded(cleanup, env, (line) => log.info(line))
    if (stop.aborted) return 0
    const gateway = cleanup.use(await startGateway({ config, log }))
    for (const line of welcome(gateway.url, config)) print(line)
    await untilStopped(stop)
    await gateway.drain()
    return 0
  },
}

/** The environment's configuration, over databases of our own. */
async function embedded(
  cleanup: AsyncDisposableStack,
  env: Environment,
  log: (line: string) => void,
): Promise<Config> {
  const { urls } = cleanup.use(await startDevelopmentDatabases(home, log))
  return readConfig({
    ...env,
    DATABASE_URL: urls.platform,
    USER_DATABASE_URL: urls.users,
    INFERENCE_DATABASE_URL: urls.inference,
  })
}
