import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

const script = fileURLToPath(new URL('labeler.py', import.meta.url))

const works = (program: string, ...args: string[]) => {
  const { status, stdout } = spawnSync(program, args, { encoding: 'utf8' })
  return status === 0 ? stdout : undefined
}

/** Why the Labeler in Python cannot run here; undefined where it can. */
export function lackingForPython(): string | undefined {
  if (works('python3', '--version') === undefined) return 'python3 is absent'
  const probe = `import crypt; print(crypt.crypt('x', '$2b$04$abcdefghijklmnopqrstuu'))`
  if (!works('python3', '-W', 'ignore', '-c', probe)?.startsWith('$2b$'))
    return 'its python3 has no crypt with bcrypt'
  if (!works('openssl', 'version')?.startsWith('OpenSSL 3')) return 'openssl 3 is absent'
  return undefined
}

export interface PythonAnswer {
  readonly status: number
  readonly answer: Readonly<Record<string, unknown>>
}

/** Runs a command of `labeler.py` with the secret on its standard input. */
export async function python(args: readonly string[], secret: string): Promise<PythonAnswer> {
  const child = spawn('python3', ['-W', 'ignore', script, ...args])
  const closed = once(child, 'close')
  child.stdin.end(secret)
  const [output, complaints] = await Promise.all([text(child.stdout), text(child.stderr)])
  const [status] = await closed
  if (complaints) throw new Error(complaints)
  return { status, answer: JSON.parse(output) }
}
