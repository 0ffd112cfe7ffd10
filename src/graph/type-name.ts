const names = new WeakMap<object, string>()

/** Notes which type a row is of, for a field whose type may be any of several. */
export function nameType<T extends object>(row: T, { name }: { readonly name: string }): T {
  names.set(row, name)
  return row
}

/** The type of a row, as it was noted. */
export const typeNameOf = (row: object): string | undefined => names.get(row)
