import { readConfig } from '../config/config.ts'
import { createLogger } from '../config/logger.ts'
import { startGateway } from '../gateway.ts'
import type { Command } from './command.ts'
import { untilStopped } from './until-stopped.ts'

export const serve: Command = {
  name: 'serve',
  summary: 'run the gateway over the databases that the environment names',
  run: async ({ env, stop }) => {
    const config = readConfig(env)
    const log = createLogger(config.log)
    await using gateway = await startGateway({ config, log })
    log.info({ url: gateway.url }, `listening on ${gateway.url}`)
    await untilStopped(stop)
    await gateway.drain()
    return 0
  },
}
