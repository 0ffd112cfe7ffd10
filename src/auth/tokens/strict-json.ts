/*
 * JSON in which no object has a member twice.
 *
 * JSON.parse keeps the last of two members of one name and other parsers the first, so that a token could say one
 * thing here and another to the next reader. JSON.parse tells nothing of it; the text, once known to be JSON, is
 * gone through again by its tokens. A name may be spelt in several ways ("sub", "\u0073ub") and is compared as read.
 */

export type JsonObject = Readonly<Record<string, unknown>>

const token = /"(?:[^"\\]|\\.)*"|[{}[\]]/g

/** The object that a text holds; undefined where it holds another thing, or some object in it a member twice. */
export function parseStrictObject(text: string): JsonObject | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  return isObject && !repeatsMember(text) ? (value as JsonObject) : undefined
}

function repeatsMember(json: string): boolean {
  const open: (Set<string> | undefined)[] = []
  for (const { 0: part, index } of json.matchAll(token)) {
    if (part === '{') open.push(new Set())
    else if (part === '[') open.push(undefined)
    else if (part === '}' || part === ']') open.pop()
    else if (isName(json, index + part.length)) {
      const names = open.at(-1)
      const name = JSON.parse(part) as string
      if (names?.has(name)) return true
      names?.add(name)
    }
  }
  return false
}

const colon = /[ \t\r\n]*:/y

/** Whether the string that ends there is a member's name: a colon follows. */
function isName(json: string, end: number): boolean {
  colon.lastIndex = end
  return colon.test(json)
}
