/** `node bench/load-trace.ts [folder]`: loads the cluster trace into the databases that the environment names. */
import { sourceNames } from '../src/config/source-names.ts'
import { clusterTraceFolder, expectedFolder } from '../test/support/cluster-trace/folder.ts'
import { type LoadOptions, loadClusterTrace, traceSources } from '../test/support/cluster-trace/load.ts'

const say = (line: string) => void process.stderr.write(`${line}\n`)

const wanted = sourceNames.filter(({ name }) => (traceSources as readonly string[]).includes(name))

const folder = process.argv[2] ?? clusterTraceFolder()
const missing = wanted.map(({ variable }) => variable).filter((name) => !process.env[name])

if (!folder || missing.length > 0) {
  if (!folder) say(`The cluster trace is not at ${expectedFolder}; name its folder: load-trace.ts FOLDER.`)
  if (missing.length > 0) say(`Set ${missing.join(', ')} to the URLs of migrated, empty databases.`)
  process.exitCode = 1
} else {
  try {
    const urls = Object.fromEntries(wanted.map(({ name, variable }) => [name, process.env[variable] ?? '']))
    await loadClusterTrace({ urls: urls as LoadOptions['urls'], folder, log: say })
  } catch (error) {
    say(`load-trace: ${error instanceof Error ? error.message : error}`)
    process.exitCode = 1
  }
}
