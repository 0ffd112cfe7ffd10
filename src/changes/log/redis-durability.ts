import type { RedisClient } from './redis-connection.ts'

/**
 * What may be lost with this server's settings, a line each; they are its operator's to change. A loss is noticed at the
 * next append, and begins another epoch.
 */
export async function durabilityWarnings(client: RedisClient): Promise<string[]> {
  let settings: Record<string, string>
  try {
    settings = await client.configGet(['appendonly', 'appendfsync', 'maxmemory-policy'])
  } catch {
    return [
      'Redis does not tell its settings. The change log needs appendonly yes, appendfsync always and maxmemory-policy noeviction.',
    ]
  }
  const warnings: string[] = []
  if (settings.appendonly !== 'yes')
    warnings.push(
      'Redis keeps no append-only file: when it restarts, everybody who watches begins anew. Set appendonly yes.',
    )
  else if (settings.appendfsync !== 'always')
    warnings.push(
      `Redis has appendfsync ${settings.appendfsync}: when its machine crashes, everybody who watches begins anew. Set appendfsync always.`,
    )
  const policy = settings['maxmemory-policy'] ?? ''
  if (policy.startsWith('allkeys'))
    warnings.push(
      `Redis has maxmemory-policy ${policy}: it may throw the change log away. Set noeviction, and CHANGE_LOG_MAX_BYTES below maxmemory.`,
    )
  return warnings
}
