import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { root } from './tributary-process.ts'

const path = '/usr/bin/node'

/** The command line by a Node of the system that does not know TypeScript; undefined where there is none. */
export async function programOfOldNode(): Promise<readonly string[] | undefined> {
  const probe = spawn(path, ['-p', 'String(process.features.typescript)'])
  const [answer] = await Promise.race([
    once(createInterface(probe.stdout), 'line'),
    once(probe, 'error').then(() => ['none']),
  ])
  return answer === 'undefined' || answer === 'false' ? [path, join(root, 'bin/tributary.mjs')] : undefined
}
