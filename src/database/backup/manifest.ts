import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { TributaryError } from '../../errors/tributary-error.ts'

export const manifestFile = 'manifest.json'

const backedUpDatabase = z.object({
  /** The source's name, or `gateway` for the gateway's own state. */
  source: z.string(),
  database: z.string(),
  /** File of the dump, in pg_dump's custom format, beside the manifest. */
  file: z.string().regex(/^[\w-]+\.dump$/),
  bytes: z.number().int(),
  sha256: z.string(),
  /** Where the write-ahead log stood when the dump's snapshot was taken. */
  lsn: z.string(),
  /** Of the server: positions of two servers do not compare. */
  systemIdentifier: z.string(),
  serverVersion: z.string(),
  /** Rows in the snapshot, by schema and table. */
  rows: z.record(z.string(), z.string()),
})

const manifest = z.object({
  format: z.literal(1),
  /** ISO 8601, UTC. */
  createdAt: z.string(),
  databases: z.array(backedUpDatabase),
})

/** A database in a backup. Each is consistent in itself; two are not of the same moment. */
export type BackedUpDatabase = z.infer<typeof backedUpDatabase>
export type Manifest = z.infer<typeof manifest>

/** @throws TributaryError BACKUP_FAILED when the folder holds no backup. */
export async function readManifest(folder: string): Promise<Manifest> {
  let text: string
  try {
    text = await readFile(join(folder, manifestFile), 'utf8')
  } catch (error) {
    throw new TributaryError('BACKUP_FAILED', `${folder} holds no backup: ${manifestFile} cannot be read.`, {
      cause: error,
    })
  }
  try {
    return manifest.parse(JSON.parse(text))
  } catch (error) {
    throw new TributaryError(
      'BACKUP_FAILED',
      `${join(folder, manifestFile)} is not a manifest of a backup.`,
      {
        cause: error,
      },
    )
  }
}

export async function digestOf(file: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer)
  return hash.digest('hex')
}
