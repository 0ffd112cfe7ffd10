import { run } from './cli/run.ts'

// Whoever started this process over a channel, as bin/tributary.mjs does, stops it by going away, too.
process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'))
process.channel?.unref()

const status = await run(process.argv.slice(2), process.env)
// Left to end by itself, Node takes the signal handlers away before it is gone, and a signal in that moment kills it.
// exit() keeps them, and drops what is not yet written.
for (const stream of [process.stdout, process.stderr]) {
  await new Promise((written) => stream.write('', written))
}
process.exit(status)
