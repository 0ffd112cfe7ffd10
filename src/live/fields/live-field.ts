import type { Watch } from '../watch.ts'

/** A subscription field that the live engine opens. */
export interface LiveField {
  readonly name: string
  /** `state`: the latest of each row is enough for whoever is slow. `append`: everybody gets everything. */
  readonly kind: 'state' | 'append'
  /**
   * What it watches, from its arguments.
   *
   * @throws TributaryError for an argument that cannot be used.
   */
  readonly watches: (args: Readonly<Record<string, unknown>>) => readonly Watch[]
}

const fields = new Map<string, LiveField>()

/** Makes a field known to the engine. */
export function registerLiveField(field: LiveField): void {
  fields.set(field.name, field)
}

export const findLiveField = (name: string): LiveField | undefined => fields.get(name)
