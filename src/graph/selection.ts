/** What to select of a row: columns, and relations to one with selections of their own. */
export interface Selection {
  readonly [name: string]: boolean | { readonly select?: Selection }
}

/** Both selections as one. */
export function mergeSelections(left: Selection, right: Selection): Selection {
  const merged: Record<string, Selection[string]> = { ...left }
  for (const [name, wanted] of Object.entries(right)) {
    const present = merged[name]
    merged[name] =
      typeof present === 'object' && typeof wanted === 'object'
        ? { select: mergeSelections(present.select ?? {}, wanted.select ?? {}) }
        : typeof present === 'object'
          ? present
          : wanted
  }
  return merged
}
