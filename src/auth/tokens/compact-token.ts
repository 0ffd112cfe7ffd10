import { demand } from './rejection.ts'
import { type JsonObject, parseStrictObject } from './strict-json.ts'

/** A token as it was sent: what it says, whoever wrote it. Nothing in it is to be believed yet. */
export interface CompactToken {
  readonly text: string
  readonly header: TokenHeader
  readonly claims: JsonObject
}

export interface TokenHeader {
  readonly alg: string
  readonly typ: string | undefined
  readonly kid: string | undefined
}

/** Longer tokens are not looked at, in bytes. */
export const maxTokenBytes = 8 * 1024

/** Header members that bring a key along, or ask to be read by other rules than those that hold here. */
const refusedMembers = ['jwk', 'jku', 'x5u', 'x5c', 'crit', 'b64', 'zip', 'enc', 'epk', 'cty']

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Reads a signed token in compact form, strictly: three parts in base64url with nothing left over, JSON objects
 * without repeated members, a header without tricks.
 *
 * @throws Rejection
 */
export function parseCompactToken(text: string): CompactToken {
  demand(text.length <= maxTokenBytes, 'it is too long')
  const parts = text.split('.')
  demand(parts.length === 3, 'it has not three parts')
  const [header, claims, signature] = parts.map(decodeStrictly) as [Buffer, Buffer, Buffer]
  demand(signature.length > 0, 'it is not signed')
  return { text, header: headerOf(objectOf(header, 'header')), claims: objectOf(claims, 'payload') }
}

function decodeStrictly(part: string): Buffer {
  const bytes = Buffer.from(part, 'base64url')
  demand(bytes.toString('base64url') === part, 'a part is not base64url')
  return bytes
}

function objectOf(bytes: Buffer, part: string): JsonObject {
  let text: string
  try {
    text = utf8.decode(bytes)
  } catch {
    text = ''
  }
  const object = parseStrictObject(text)
  demand(object !== undefined, `its ${part} is no JSON object, or has a member twice`)
  return object
}

function headerOf({ alg, typ, kid, ...others }: JsonObject): TokenHeader {
  demand(typeof alg === 'string', 'its alg is no string')
  demand(typ === undefined || typeof typ === 'string', 'its typ is no string')
  demand(kid === undefined || isKeyName(kid), 'its kid is no name of a key')
  const refused = refusedMembers.find((name) => Object.hasOwn(others, name))
  demand(refused === undefined, `its header has ${refused}`)
  return { alg, typ, kid }
}

/** A key's name is looked up in memory and nowhere else; what could never be one is not even looked up. */
const isKeyName = (kid: unknown): kid is string => typeof kid === 'string' && /^[\w.:=+/@-]{1,128}$/.test(kid)
