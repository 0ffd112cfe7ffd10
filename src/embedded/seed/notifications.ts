import { Random } from './random.ts'
import { day, instant, instantOrNull, minute, now, second } from './time.ts'

const events = [
  'tenant.created',
  'tenant.suspended',
  'payment.succeeded',
  'payment.failed',
  'node.launched',
  'node.terminated',
  'node.health_changed',
  'cost.anomaly_detected',
  'ratelimit.threshold_reached',
  'apikey.created',
  'apikey.revoked',
  'invoice.invented_later',
]
const channels = ['discord', 'slack', 'email', 'webhook']

const destination = (channel: string, random: Random) =>
  channel === 'email'
    ? `ops${random.integer(1, 90)}@tenant.example`
    : `https://hooks.example/${random.hex(24)}`

/** Rows of notification_config and notification_deliveries. Some events concern no tenant. */
export function notifications(tenantIds: readonly string[]) {
  const random = new Random('notifications')
  const configRows = tenantIds.flatMap((tenant) =>
    random.sample(channels, random.integer(1, 3)).map((channel) => {
      const made = now - random.integer(20 * day, 200 * day)
      return {
        id: random.uuid(),
        tenant_id: tenant,
        channel,
        enabled: random.chance(0.8),
        destination: destination(channel, random),
        event_types: random.chance(0.6) ? random.sample(events, random.integer(1, 4)) : null,
        settings: channel === 'webhook' ? { secret: random.hex(32) } : {},
        created_at: instant(made),
        updated_at: instant(made + random.integer(0, 10 * day)),
      }
    }),
  )
  const deliveryRows = Array.from({ length: 420 }, () => {
    const channel = random.pick(channels)
    const made = now - random.integer(0, 14 * day)
    const status = random.weighted({ sent: 84, failed: 10, retry: 4, pending: 2 })
    const ended = made + random.integer(second, 2 * minute)
    const isOver = status === 'sent' || status === 'failed'
    return {
      id: random.uuid(),
      event_id: `evt_${random.hex(16)}`,
      event_type: random.pick(events),
      tenant_id: random.chance(0.85) ? random.pick(tenantIds) : null,
      channel,
      destination: destination(channel, random),
      status,
      retry_count: status === 'failed' ? 3 : status === 'retry' ? random.integer(1, 2) : 0,
      max_retries: 3,
      request_payload: { text: 'Something happened.' },
      response_status: isOver ? (status === 'sent' ? 204 : random.pick([404, 429, 500])) : null,
      response_body: status === 'failed' ? 'no such hook' : null,
      error_message: status === 'failed' ? 'the channel refused it three times' : null,
      created_at: instant(made),
      sent_at: instantOrNull(status === 'sent' ? ended : null),
      failed_at: instantOrNull(status === 'failed' ? ended : null),
      next_retry_at: instantOrNull(status === 'retry' ? now + random.integer(second, 5 * minute) : null),
    }
  })
  return { configRows, deliveryRows }
}
