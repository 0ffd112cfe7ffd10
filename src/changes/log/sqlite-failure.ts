/** A file that another version of the program made. */
export class OtherFormat extends Error {
  override readonly name = 'OtherFormat'
}

/** CORRUPT and NOTADB. */
const damage: ReadonlySet<unknown> = new Set([11, 26])

/** SQLite's code of an error, without what it adds to it; undefined for an error of something else. */
export function sqliteCode(error: unknown): number | undefined {
  const { errcode } = error as { errcode?: unknown }
  return typeof errcode === 'number' ? errcode & 0xff : undefined
}

/** Whether the file cannot be used again; a full disk or a missing right mends itself. */
export const isDamaged = (error: unknown): boolean =>
  error instanceof OtherFormat || damage.has(sqliteCode(error))
