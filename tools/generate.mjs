// Generates the Prisma clients of every database, where a schema has changed since the last time.
// Offline: the CLI would download a schema engine that generating does not need.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const lock = readFileSync(`${root}package-lock.json`)

async function generate(folder) {
  const schema = readFileSync(`${folder}/schema.prisma`)
  const fingerprint = createHash('sha256').update(schema).update(lock).digest('hex')
  const stamp = `${folder}/generated/.fingerprint`
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint) return
  rmSync(`${folder}/generated`, { recursive: true, force: true })
  const prisma = spawn(
    `${root}node_modules/.bin/prisma`,
    ['generate', '--no-hints', '--config', `${folder}/prisma.config.ts`],
    {
      cwd: root,
      env: {
        ...process.env,
        PATH: `${root}node_modules/.bin:${process.env.PATH}`,
        PRISMA_SCHEMA_ENGINE_BINARY: '/bin/true',
        CHECKPOINT_DISABLE: '1',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  const output = []
  for (const stream of [prisma.stdout, prisma.stderr]) stream.on('data', (chunk) => output.push(chunk))
  const code = await new Promise((resolve) => prisma.on('close', resolve))
  if (code !== 0) throw new Error(`prisma generate failed in ${folder}:\n${Buffer.concat(output)}`)
  writeFileSync(stamp, fingerprint)
}

// The gateway's own state has migrations, and no client.
const folders = readdirSync(`${root}prisma`)
  .map((name) => `${root}prisma/${name}`)
  .filter((folder) => existsSync(`${folder}/schema.prisma`))
await Promise.all(folders.map(generate))
