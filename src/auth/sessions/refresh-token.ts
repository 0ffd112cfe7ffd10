import { createHash, randomBytes } from 'node:crypto'

/** A new refresh token: 32 random bytes in base64url. */
export const createRefreshToken = (): string => randomBytes(32).toString('base64url')

/** What is kept of a refresh token; it is random, so that a plain SHA-256 can only be reversed by guessing 2^256. */
export const hashRefreshToken = (token: string): Buffer => createHash('sha256').update(token).digest()
