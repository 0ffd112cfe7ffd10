/**
 * The moment at which the trace's clock of seconds stands at 0; the trace leaves it open. Chosen so that the tasks,
 * which take 149 days, are over when the first request comes in.
 */
export const traceStart = Date.parse('2024-06-01T00:00:00Z')

/** Text of a column `timestamp`, from milliseconds since 1970. */
export const timestamp = (milliseconds: number): string =>
  new Date(milliseconds).toISOString().replace('T', ' ').replace('Z', '')

/** Text of a column `timestamp`, from seconds since the trace's start. */
export const traceTimestamp = (seconds: number): string => timestamp(traceStart + seconds * 1000)
