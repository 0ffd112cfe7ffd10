import { readConfig } from '../config/config.ts'
import { createLogger } from '../config/logger.ts'
import { startGateway } from '../gateway.ts'
import type { Command } from './command.ts'
import { serveUntilStopped } from './serve-until-stopped.ts'
import { StopRequest } from './stop-request.ts'

export const serve: Command = {
  name: 'serve',
  summary: 'run the gateway over the databases that the environment names',
  run: async ({ env }) => {
    const config = readConfig(env)
    const log = createLogger(config.log)
    const stop = new StopRequest()
    await using gateway = await startGateway({ config, log })
    log.info({ url: gateway.url }, `listening on ${gateway.url}`)
    await serveUntilStopped(gateway, stop)
    return 0
  },
}
