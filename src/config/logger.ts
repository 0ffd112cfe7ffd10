import { type DestinationStream, type Logger, pino } from 'pino'
import { prettyFactory } from 'pino-pretty'
import type { LogConfig } from './config.ts'

/**
 * The process's logger: JSON lines, or lines for a person to read.
 *
 * @param destination Where lines go; standard output without one.
 */
export function createLogger(
  { level, format }: LogConfig,
  destination: DestinationStream = process.stdout,
): Logger {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime }
  if (format === 'json') return pino(options, destination)
  // Not a pino transport: that is a worker which loads its module by path at run time, and a bundle has none.
  const pretty = prettyFactory({
    singleLine: true,
    colorize: process.stdout.isTTY,
    translateTime: 'SYS:HH:MM:ss.l',
  })
  return pino(options, { write: (line) => void destination.write(pretty(line)) })
}
