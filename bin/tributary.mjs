#!/usr/bin/env node
// Runs the command line on a Node that runs TypeScript: this one, or the one among the dependencies.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))

if (process.features.typescript) await import(main)
else {
  const node = bundledNode()
  if (!node) {
    process.stderr.write(`Tributary needs Node 22.18 or newer; this is ${process.version}.\n`)
    process.exit(1)
  }
  // By the channel it notices when this process is gone, however that came about.
  const stdio = ['inherit', 'inherit', 'inherit', 'ipc']
  const child = spawn(node, [main, ...process.argv.slice(2)], { stdio })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)))
}

function bundledNode() {
  try {
    const folder = createRequire(import.meta.url).resolve(
      `node-${process.platform}-${process.arch}/package.json`,
    )
    const node = folder.replace(/package\.json$/, 'bin/node')
    return existsSync(node) ? node : undefined
  } catch {
    return undefined
  }
}
