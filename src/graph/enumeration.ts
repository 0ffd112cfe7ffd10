import type { InputRef, OutputRef } from '@pothos/core'
import { builder } from './builder.ts'

/** One label of the graph: the database's text for it (several, where writers do not agree), and what it means. */
export interface EnumerationValue {
  readonly stored: string | readonly string[]
  readonly description: string
}

/** A GraphQL enum over a text or enum column with known values; what is not known reads as UNKNOWN. */
export interface Enumeration {
  readonly name: string
  readonly description: string
  /** The GraphQL type. */
  readonly ref: InputRef<string> & OutputRef<string>
  /** The graph's label for a stored text; UNKNOWN for a text that is not declared. */
  label(stored: string): string
  /** The stored texts of a label; none for UNKNOWN. */
  stored(label: string): readonly string[]
  /** Every stored text that is known. */
  readonly known: readonly string[]
}

export const UNKNOWN = 'UNKNOWN'

/**
 * Declares an enumeration and its GraphQL enum, with UNKNOWN added for texts that a writer invents later.
 *
 * @param values by label, in UPPER_CASE.
 */
export function enumeration(
  name: string,
  description: string,
  values: Readonly<Record<string, EnumerationValue>>,
): Enumeration {
  const storedBy = new Map(Object.entries(values).map(([label, value]) => [label, [value.stored].flat()]))
  const labelBy = new Map(
    [...storedBy].flatMap(([label, texts]) => texts.map((text) => [text, label] as const)),
  )
  const ref: Enumeration['ref'] = builder.enumType(name, {
    description,
    values: {
      ...Object.fromEntries(
        Object.entries(values).map(([label, value]) => [
          label,
          { value: label, description: value.description },
        ]),
      ),
      [UNKNOWN]: {
        value: UNKNOWN,
        description: 'A value that this graph does not know; its text is in the field’s `Raw` twin.',
      },
    },
  })
  return {
    name,
    description,
    ref,
    label: (stored) => labelBy.get(stored) ?? UNKNOWN,
    stored: (label) => storedBy.get(label) ?? [],
    known: [...labelBy.keys()],
  }
}
