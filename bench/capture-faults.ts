/**
 * `node bench/capture-faults.ts [commits] [kills]`: an outside writer commits (50,000 times) while `tributary capture` is
 * killed (20 times), and Postgres is killed (4 times) and restarted (4 times). Tells what the change log lost, doubled or
 * disordered of it, which is nothing, and exits 1 otherwise.
 */
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runFaults } from '../test/changes/fault-run.ts'

const [commits = '50000', kills = '20'] = process.argv.slice(2)
const say = (line: string) => void process.stdout.write(`${line}\n`)

const folder = await mkdtemp(join(tmpdir(), 'tributary-faults-'))
// As root the server runs under another account.
await chmod(folder, 0o755)
try {
  const run = await runFaults({
    folder,
    commits: Number(commits),
    captureKills: Number(kills),
    postgresKills: 4,
    postgresRestarts: 4,
    say,
  })
  say(JSON.stringify(run))
  const { lost, doubled, disordered, histories } = run
  process.exitCode = lost + doubled + disordered === 0 && histories === 1 ? 0 : 1
} finally {
  await rm(folder, { recursive: true, force: true })
}
