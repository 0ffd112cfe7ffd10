import { z } from 'zod'
import { Secret } from './secret.ts'

/** A Redis server's URL: `redis://` or, encrypted, `rediss://`. */
export const redisUrl: z.ZodType<Secret, string> = z
  .string()
  .refine(isRedisUrl, { error: 'must begin with redis:// or rediss:// and name a host' })
  .transform((text) => new Secret(text))

function isRedisUrl(text: string): boolean {
  if (!/^rediss?:\/\//i.test(text)) return false
  try {
    return new URL(text).hostname !== ''
  } catch {
    return false
  }
}
