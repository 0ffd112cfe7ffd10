import { run } from './cli/run.ts'

const status = await run(process.argv.slice(2), process.env)
// Left to end by itself, Node takes the signal handlers away before it is gone, and a signal in that moment kills it.
// exit() keeps them, and drops what is not yet written.
for (const stream of [process.stdout, process.stderr]) {
  await new Promise((written) => stream.write('', written))
}
process.exit(status)
