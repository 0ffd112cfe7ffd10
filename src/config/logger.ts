import { type DestinationStream, type Logger, pino } from 'pino'
import pretty from 'pino-pretty'
import type { LogConfig } from './config.ts'

/**
 * The process's logger: JSON lines, or lines for a person to read.
 *
 * @param destination Where lines go; standard output without one.
 */
export function createLogger({ level, format }: LogConfig, destination?: DestinationStream): Logger {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime }
  if (format === 'json') return destination ? pino(options, destination) : pino(options)
  // A stream rather than a pino transport: a transport is a worker that loads its module by path at run time,
  // and in a bundle there is none.
  return pino(
    options,
    pretty({
      sync: true,
      colorize: process.stdout.isTTY,
      translateTime: 'SYS:HH:MM:ss.l',
      ...(destination && { destination }),
    }),
  )
}
