/** `node bench/load-trace.ts [folder]`: loads the cluster trace into the databases that the environment names. */
import { clusterTraceFolder, expectedFolder } from '../test/support/cluster-trace/folder.ts'
import { loadClusterTrace } from '../test/support/cluster-trace/load.ts'

const say = (line: string) => void process.stderr.write(`${line}\n`)

const variables = {
  users: 'USER_DATABASE_URL',
  platform: 'DATABASE_URL',
  inference: 'INFERENCE_DATABASE_URL',
} as const

const folder = process.argv[2] ?? clusterTraceFolder()
const missing = Object.values(variables).filter((name) => !process.env[name])

if (!folder || missing.length > 0) {
  if (!folder) say(`The cluster trace is not at ${expectedFolder}; name its folder: load-trace.ts FOLDER.`)
  if (missing.length > 0) say(`Set ${missing.join(', ')} to the URLs of migrated, empty databases.`)
  process.exitCode = 1
} else {
  const url = (source: keyof typeof variables) => process.env[variables[source]] ?? ''
  try {
    await loadClusterTrace({
      urls: { users: url('users'), platform: url('platform'), inference: url('inference') },
      folder,
      log: say,
    })
  } catch (error) {
    say(`load-trace: ${error instanceof Error ? error.message : error}`)
    process.exitCode = 1
  }
}
