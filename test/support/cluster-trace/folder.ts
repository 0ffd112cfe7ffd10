import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Where the trace lies beside a checkout of the project. */
export const expectedFolder = fileURLToPath(new URL('../../../../shared/data/cluster-trace', import.meta.url))

/** The folder with the trace's CSV files; undefined where it is not at hand, for the project ships none of it. */
export const clusterTraceFolder = (): string | undefined =>
  existsSync(join(expectedFolder, 'tasks.csv')) ? expectedFolder : undefined
