import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { OperatorClient } from '../operator-client.ts'
import { listDump, type PgTool } from './pg-tools.ts'

/** A file that says what of a dump is restored; gone at disposal. */
export interface RestoreList extends AsyncDisposable {
  readonly file: string
  /** Extensions of the dump that the role cannot make, and that are not there: an administrator's, if they are wanted. */
  readonly missing: readonly string[]
}

/** An extension in a dump's table of contents, or what is said of one. */
const extension = /^\d+; \d+ \d+ (?:EXTENSION -|COMMENT - EXTENSION) ("?)([^\s"]+)\1/

/** The extension that a line is about. */
const nameIn = (line: string) => extension.exec(line)?.[2]

/**
 * Leaves out of a restore the extensions that are there already, or that its role may not make: most belong to whoever
 * administers the server, and so does what is said of them.
 */
export async function restoreList(client: OperatorClient, tool: PgTool, dump: string): Promise<RestoreList> {
  const lines = (await listDump(tool, dump)).split('\n')
  const names = new Set(lines.flatMap((line) => nameIn(line) ?? []))
  const rows = await client.query<{ name: string; isThere: boolean; mayMake: boolean }>(
    `SELECT wanted.name, there.oid IS NOT NULL AS "isThere", EXISTS (
        SELECT FROM pg_available_extension_versions v WHERE v.name = wanted.name
        AND (NOT v.superuser OR v.trusted OR (SELECT rolsuper FROM pg_roles WHERE rolname = current_user))
        AND has_database_privilege(current_database(), 'CREATE')) AS "mayMake"
      FROM unnest($1::text[]) AS wanted(name) LEFT JOIN pg_extension there ON there.extname = wanted.name`,
    [[...names]],
  )
  const made = new Set(rows.filter(({ isThere, mayMake }) => mayMake && !isThere).map(({ name }) => name))
  const kept = lines.filter((line) => {
    const name = nameIn(line)
    return name === undefined || made.has(name)
  })
  const folder = await mkdtemp(join(tmpdir(), 'tributary-restore-'))
  const file = join(folder, 'list')
  await writeFile(file, kept.join('\n'))
  return {
    file,
    missing: rows.filter(({ isThere, mayMake }) => !mayMake && !isThere).map(({ name }) => name),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  }
}
