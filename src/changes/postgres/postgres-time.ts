/** Milliseconds from 1970 to 2000, where Postgres's clock begins. */
const postgresEpochMs = 946_684_800_000

/** A time of the replication protocol, microseconds since 2000, as ISO 8601 in UTC with all its microseconds. */
export function timeText(microseconds: bigint): string {
  const fraction = ((microseconds % 1000n) + 1000n) % 1000n
  const milliseconds = Number((microseconds - fraction) / 1000n)
  const text = new Date(postgresEpochMs + milliseconds).toISOString()
  return `${text.slice(0, -1)}${fraction.toString().padStart(3, '0')}Z`
}

/** Now, as the replication protocol has it. */
export const postgresTime = (nowMs: number): bigint => BigInt(Math.trunc(nowMs - postgresEpochMs)) * 1000n
