import { z } from 'zod'

/** A variable of the environment: how its text is read, and what `--help` says of it. */
export interface Variable<T = unknown> {
  /** Reads the text; a variable that is absent or empty is read from `fallback`, or is undefined. */
  readonly schema: z.ZodType<T, string>
  readonly description: string
  /** The text that stands in for an absent variable. */
  readonly fallback?: string
  /** Whether the text may hold a password, and must therefore never be shown. */
  readonly secret?: boolean
}

/** A variable that always has a value. */
export interface VariableWithDefault<T> extends Variable<T> {
  readonly fallback: string
}

/** What a variable reads as. */
export type ValueOf<V extends Variable> =
  V extends VariableWithDefault<infer T> ? T : V extends Variable<infer T> ? T | undefined : never

const grouped = (value: number) => value.toLocaleString('en-US')

/** A whole number in a range, both ends included. */
export function wholeNumber(minimum: number, maximum: number): z.ZodType<number, string> {
  const error = `must be a whole number from ${grouped(minimum)} to ${grouped(maximum)}`
  return z
    .string()
    .regex(/^\d{1,15}$/, { error, abort: true })
    .transform(Number)
    .pipe(z.number({ error }).min(minimum, { error }).max(maximum, { error }))
}

/** Seconds, fractions allowed, read as whole milliseconds. */
export function seconds(maximum: number): z.ZodType<number, string> {
  const error = `must be seconds from 0.001 to ${grouped(maximum)}`
  return z
    .string()
    .regex(/^\d{1,9}(\.\d{1,3})?$/, { error, abort: true })
    .transform((text) => Math.round(Number(text) * 1000))
    .pipe(
      z
        .number({ error })
        .min(1, { error })
        .max(maximum * 1000, { error }),
    )
}

/** One of some words. */
export const oneOf = <const T extends readonly [string, ...string[]]>(
  words: T,
): z.ZodType<T[number], string> =>
  z.string().pipe(z.enum(words, { error: `must be ${words.slice(0, -1).join(', ')} or ${words.at(-1)}` }))
