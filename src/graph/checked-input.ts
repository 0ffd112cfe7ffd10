/*
 * Values of a mutation's input, made sure of before anything is written: what the database would refuse, or take and
 * spoil, is told by the name of its field. Undefined stays undefined: a field that is not given is not written.
 */
import sql, { type Sql } from 'sql-template-tag'
import { TributaryError } from '../errors/tributary-error.ts'
import type { Entity, RowKey } from './entity.ts'
import type { Enumeration } from './enumeration.ts'
import { decodeId } from './global-id.ts'
import { jsonText } from './json-text.ts'
import { invalid } from './write-failure.ts'

type Given<T> = T | null | undefined

const mostTags = 50
const longestTag = 100

const characters = (text: string) => [...text].length

/** Postgres has no NUL character, and the driver writes another in the place of half a surrogate pair. */
function storable(text: string, field: string): string {
  if (text.includes('\0')) throw invalid(field, `${field} contains a NUL character.`)
  if (!text.isWellFormed()) throw invalid(field, `${field} contains half of a surrogate pair.`)
  return text
}

/** @param longest how many characters the column holds; no limit by default. */
export function optionalText<T extends Given<string>>(text: T, field: string, longest = Infinity): T {
  if (text == null) return text
  storable(text, field)
  if (characters(text) > longest) throw invalid(field, `${field} may have ${longest} characters at most.`)
  return text
}

/** Text that says something: neither null nor blank. */
export function requiredText<T extends Given<string>>(
  text: T,
  field: string,
  longest = Infinity,
): Exclude<T, null> {
  if (text === null || text?.trim() === '') throw invalid(field, `${field} cannot be empty.`)
  return optionalText(text, field, longest) as Exclude<T, null>
}

/** A finite number in a range, both ends included. */
export function numberWithin(value: number, field: string, [least, most]: readonly [number, number]): number {
  if (value >= least && value <= most) return value
  throw invalid(field, `${field} has to be from ${least} to ${most}.`)
}

/** What the database has for a label of an enumeration. */
export function storedLabel(enumeration: Enumeration, label: string, field: string): string {
  const [stored] = enumeration.stored(label)
  if (stored === undefined) throw invalid(field, `${field} cannot be ${label}.`)
  return stored
}

/** Labels that people put on a row, as a `json` list. */
export function tagList<T extends Given<readonly string[]>>(
  tags: T,
  field: string,
): Sql | Exclude<T, readonly string[]> {
  if (tags == null) return tags as Exclude<T, readonly string[]>
  if (tags.length > mostTags) throw invalid(field, `${field} may be ${mostTags} at most.`)
  for (const tag of tags) requiredText(tag, field, longestTag)
  return json([...tags], field)
}

/** A JSON object, as `json`. */
export function jsonObject<T extends Given<NonNullable<unknown>>>(
  value: T,
  field: string,
): Sql | Extract<T, null | undefined> {
  if (value == null) return value as Extract<T, null | undefined>
  if (typeof value !== 'object' || Array.isArray(value))
    throw invalid(field, `${field} has to be a JSON object.`)
  return json(value, field)
}

const json = (value: object, field: string): Sql =>
  sql`${jsonText(value, {
    what: field,
    storable: (text) => storable(text, field),
    failure: (message) => invalid(field, message),
  })}::json`

/** The key that an id of the graph stands for; null where no row can have it. */
export function keyOfId(entity: Entity, id: string, field: string): RowKey | null {
  const decoded = decoding(id, field)
  if (decoded.entity === entity) return decoded.key
  throw invalid(
    field,
    `${field} has to be the id of a ${entity.name}; this is one of a ${decoded.entity.name}.`,
  )
}

function decoding(id: string, field: string): ReturnType<typeof decodeId> {
  try {
    return decodeId(id)
  } catch (error) {
    if (error instanceof TributaryError) throw invalid(field, error.message)
    throw error
  }
}
