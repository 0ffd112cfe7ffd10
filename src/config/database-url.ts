import { z } from 'zod'
import { Secret } from './secret.ts'
import { type SslMode, sslModes } from './source-config.ts'

const example = 'postgresql://user:password@host:5432/database'

/** What is wrong with a database's URL, told without any part of it that may be secret. */
function fault(text: string): string | undefined {
  if (!/^postgres(ql)?:\/\//i.test(text)) return `must begin with postgresql://, as in ${example}`
  let url: URL
  try {
    url = new URL(text)
  } catch {
    return `is not a URL; write ${example}, and in the password / as %2F, # as %23, ? as %3F, @ as %40`
  }
  if (url.hash !== '') return 'has a # in it; write it as %23'
  if (/%(?![0-9a-f]{2})/i.test(text)) return 'has a % that encodes nothing; write it as %25'
  if (url.hostname === '' && !url.searchParams.has('host')) return `names no host, as in ${example}`
  if (url.pathname.length < 2) return `names no database, as in ${example}`
  const sslMode = url.searchParams.get('sslmode')
  if (sslMode !== null && !isSslMode(sslMode)) return `has an sslmode that is none of ${sslModes.join(', ')}`
  return undefined
}

const isSslMode = (text: string): text is SslMode => sslModes.some((mode) => mode === text)

/** The URL of a Postgres database, kept secret. */
export const databaseUrl: z.ZodType<Secret, string> = z
  .string()
  .superRefine((text, context) => {
    const message = fault(text)
    if (message !== undefined) context.addIssue({ code: 'custom', message })
  })
  .transform((text) => new Secret(text))

/** The `sslmode` that a URL asks for. */
export function sslModeOf(url: Secret): SslMode | undefined {
  const mode = new URL(url.reveal()).searchParams.get('sslmode')
  return mode !== null && isSslMode(mode) ? mode : undefined
}
