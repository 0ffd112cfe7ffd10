import { Random } from './random.ts'
import type { SeededEnvironment } from './tenants.ts'
import { day, hour, instant, instantOrNull, type Moment, minute, now } from './time.ts'

const recordCount = 6_000
const days = 12

interface PricedModel {
  readonly id: string
  readonly name: string
  readonly price_input_per_million: string
  readonly price_output_per_million: string
}

interface ServingNode {
  readonly id: string
  readonly region_id: string
  readonly model_id: string | null
}

/** Microdollars for tokens at a price of dollars a million, without a float on the way. */
const cost = (tokens: number, price: string) => tokens * Number(price.replace('.', ''))

/** Rows of usage_records over some days, more of them at noon than at night. */
export function usageRows(
  environments: readonly SeededEnvironment[],
  models: readonly PricedModel[],
  nodes: readonly ServingNode[],
) {
  const random = new Random('usage')
  const pool = environments.flatMap((environment) => Array(environment.weight).fill(environment))
  return Array.from({ length: recordCount }, (_, place) => {
    const environment = random.pick(pool) as SeededEnvironment
    const name = random.pick(environment.models)
    const model = models.find((one) => one.name === name)
    const node = random.pick(nodes.filter((one) => one.model_id === model?.id).concat(nodes.slice(0, 1)))
    const isEmbedding = name === 'bge-m3'
    const prompt = random.integer(20, 6_000)
    const completion = isEmbedding ? 0 : random.integer(1, 900)
    const micros =
      cost(prompt, model?.price_input_per_million ?? '0') +
      cost(completion, model?.price_output_per_million ?? '0')
    const asked = momentOf(place, random)
    const isOld = asked < now - day
    return {
      id: random.uuid(),
      request_id: random.chance(0.98) ? `req_${random.hex(24)}` : null,
      timestamp: instantOrNull(random.chance(0.998) ? asked : null),
      tenant_id: environment.tenant,
      environment_id: environment.id,
      api_key_id: random.chance(0.97) ? random.pick(environment.keys) : null,
      region_id: random.chance(0.97) ? node.region_id : null,
      model_id: random.chance(0.99) ? (model?.id ?? null) : null,
      node_id: random.chance(0.95) ? node.id : null,
      prompt_tokens: prompt,
      completion_tokens: completion,
      total_tokens: prompt + completion,
      cached_tokens: random.chance(0.3) ? random.integer(0, prompt) : 0,
      latency_ms: random.chance(0.98) ? Math.round(80 + completion * random.between(8, 30)) : null,
      cost_microdollars: random.chance(0.99) ? Math.round(micros / 1_000_000) : null,
      billed: isOld,
      billing_failed: random.chance(0.005),
      retry_count: random.chance(0.01) ? random.integer(1, 3) : 0,
      metadata: random.chance(0.1) ? { stream: true } : {},
    }
  })
}

function momentOf(place: number, random: Random): Moment {
  const start = now - days * day
  const even = start + ((place + random.next()) / recordCount) * days * day
  const atNoon = Math.floor(even / day) * day + 12 * hour + random.normal() * 4 * hour
  return Math.floor(Math.min(now - minute, random.chance(0.5) ? even : Math.max(start, atNoon)))
}

/** Rows of billing_events: a bill a day for what was used, plans, and now and then something given back. */
export function billingRows(tenantIds: readonly string[]) {
  const random = new Random('billing')
  const rows: Record<string, unknown>[] = []
  const add = (tenant: string, type: string, amount: number, from: Moment, until: Moment) => {
    const status = random.weighted({ processed: 88, pending: 8, failed: 4 })
    const written = until + random.integer(minute, 5 * minute)
    rows.push({
      id: random.uuid(),
      tenant_id: tenant,
      event_type: type,
      amount_microdollars: amount,
      currency: random.chance(0.9) ? 'USD' : 'EUR',
      stripe_usage_record_id: type === 'usage' ? `mbur_${random.hex(14)}` : null,
      stripe_invoice_id: random.chance(0.6) ? `in_${random.hex(14)}` : null,
      description: random.chance(0.8) ? `${type} of ${instant(from).slice(0, 10)}` : null,
      period_start: instant(from),
      period_end: instant(until),
      status,
      metadata: {},
      created_at: instant(written),
      processed_at: instantOrNull(status === 'processed' ? written + random.integer(0, minute) : null),
    })
  }
  const today = Math.floor(now / day) * day
  for (const tenant of tenantIds) {
    for (let back = days; back > 0; back--)
      add(tenant, 'usage', random.integer(2_000, 9_000_000), today - back * day, today - (back - 1) * day)
    add(tenant, 'subscription', 499_000_000, today - 30 * day, today - day)
    if (random.chance(0.4)) add(tenant, 'credit', -25_000_000, today - 20 * day, today - 19 * day)
    if (random.chance(0.3))
      add(tenant, 'refund', -random.integer(1, 4_000_000), today - 9 * day, today - 8 * day)
  }
  return rows
}
