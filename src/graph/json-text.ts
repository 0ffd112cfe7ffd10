/** Deeper JSON overflows the stack of one parser or another. */
export const deepestJson = 64

/** Whether a JSON value has more levels than can be read; told level by level, without a stack. */
export function isTooDeep(value: unknown, deepest = deepestJson): boolean {
  let level: readonly unknown[] = [value]
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > deepest) return true
    level = level.flatMap((member) =>
      typeof member === 'object' && member !== null ? Object.values(member) : [],
    )
  }
  return false
}
