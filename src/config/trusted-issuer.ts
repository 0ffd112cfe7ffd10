import { z } from 'zod'

/** Algorithms that an outside issuer may sign with: all of them keep the verifying key apart from the signing one. */
export const outsideAlgorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const

const loopback = ['localhost', '127.0.0.1', '[::1]']

const text = z.string().min(1).max(255)

/** Where keys are fetched from: nobody on the way may put in their own. */
const keysAddress = z.string().refine(
  (address) => {
    const url = URL.parse(address)
    return url?.protocol === 'https:' || (url?.protocol === 'http:' && loopback.includes(url.hostname))
  },
  { error: 'must begin with https://' },
)

const trustedIssuer = z.strictObject({
  issuer: text,
  jwksUri: keysAddress,
  audiences: z.array(text).min(1),
  algorithms: z.array(z.enum(outsideAlgorithms)).min(1).default(['RS256']),
  claims: z
    .strictObject({
      subject: text.default('sub'),
      keycloakId: text.nullable().default('sub'),
      email: text.nullable().default('email'),
      emailVerified: text.default('email_verified'),
    })
    .prefault({}),
  clockTolerance: z.number().min(0).max(300).default(5),
})

/** An issuer whose tokens are accepted beside the gateway's own. */
export interface TrustedIssuer {
  /** What its tokens have as `iss`, letter by letter. */
  readonly issuer: string
  /** Where it publishes its keys; https, but for the machine itself. */
  readonly jwksUri: string
  /** Audiences of which its tokens must name one. */
  readonly audiences: readonly string[]
  /** What it may sign with. Default RS256. */
  readonly algorithms: readonly (typeof outsideAlgorithms)[number][]
  /** Which claims hold what; null: none does. */
  readonly claims: {
    /** Default `sub`. */
    readonly subject: string
    /** The id that accounts have as keycloak_id. Default `sub`. */
    readonly keycloakId: string | null
    /** Default `email`. */
    readonly email: string | null
    /** Whether the address was proved to be the person's. Default `email_verified`. */
    readonly emailVerified: string
  }
  /** Seconds by which its clock may differ. Default 5. */
  readonly clockTolerance: number
}

const shape = `must be a JSON list, as in [{"issuer":"https://id.example.org/realms/ml","jwksUri":"https://id.example.org/certs","audiences":["account"]}]`

function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

/** A JSON list of issuers, no two of one name. */
export const trustedIssuers: z.ZodType<readonly TrustedIssuer[], string> = z
  .string()
  .transform((json, context): readonly TrustedIssuer[] => {
    const result = z.array(trustedIssuer).safeParse(parsed(json))
    const names = result.data?.map(({ issuer }) => issuer) ?? []
    if (result.success && new Set(names).size === names.length) return result.data
    const issue = result.error?.issues[0]
    const where = issue?.path.length ? ` (${issue.path.join('.')}: ${issue.message})` : ''
    const message = result.success ? 'names an issuer twice' : `${shape}${where}`
    context.addIssue({ code: 'custom', message })
    return z.NEVER
  })
