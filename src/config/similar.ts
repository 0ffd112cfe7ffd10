import type { Environment } from './reader.ts'

const families = /^(TRIBUTARY|DB|MAX|[A-Z]+_DB)_|DATABASE_URL|_(TIMEOUT|TIME_ZONE)$/

/** Letters to insert, delete or replace to make one word of the other (Levenshtein). */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index)
  for (const [index, letter] of [...from].entries()) {
    const next = [index + 1]
    for (let column = 1; column <= to.length; column++) {
      const replaced = (row[column - 1] ?? 0) + (letter === to[column - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}

/**
 * A line for each variable that is not read but looks like a slip of the pen for one that is. Its value is not
 * shown.
 */
export function warnOfSimilar(environment: Environment, known: readonly string[]): string[] {
  const names = new Set(known)
  return Object.keys(environment)
    .filter((name) => families.test(name) && !names.has(name))
    .flatMap((name) => {
      const meant = known.find((candidate) => distance(name, candidate) <= 2)
      return meant === undefined ? [] : [`${name} is not read; ${meant} may be meant`]
    })
}
