import { createHash } from 'node:crypto'
import { Random } from './random.ts'
import { day, hour, instant, instantOrNull, type Moment, now } from './time.ts'

/** Keys of a tenant to come in with, as `tributary` is everybody's password: an administrator's and one that looks. */
export const seededTenantKeys = {
  admin: 'clsk_prod_7d1b0c3a5e9f4286b1c7d0e2f4a69835',
  developer: 'clsk_prod_c40e58a1b2974d63a0f1e6d9837b25cc',
  readOnly: 'clsk_prod_19ac6e4f70b84b2d95d3c8a7e1f20b64',
} as const

const names = [
  ['Nordlicht Robotics', 'enterprise'],
  ['Acme Legal', 'serverless'],
  ['Kaffeerösterei Krüger', 'serverless'],
  ['Clinique du Lac', 'reserved'],
  ['東京翻訳', 'reserved'],
  ['Meridian Freight', 'enterprise'],
  ['Small Press Co-op', 'serverless'],
  ['Old Mill Insurance', 'serverless'],
  ['Lumen Tutors', 'serverless'],
  ['Vanished GmbH', 'serverless'],
] as const

export interface SeededEnvironment {
  readonly id: string
  readonly tenant: string
  readonly region: string
  readonly models: readonly string[]
  readonly keys: readonly string[]
  /** How much it is used, as against others. */
  readonly weight: number
}

/** Tenants, their environments and keys. The second tenant is suspended for want of payment, the last is deleted. */
export function tenants(regionCodes: readonly string[], modelNames: readonly string[]) {
  const random = new Random('tenants')
  const tenantRows: Record<string, unknown>[] = []
  const environmentRows: Record<string, unknown>[] = []
  const keyRows: Record<string, unknown>[] = []
  const environments: SeededEnvironment[] = []
  for (const [place, [name, plan]] of names.entries()) {
    const tenant = random.uuid()
    const made = now - random.integer(120 * day, 500 * day)
    const status = place === 1 ? 'suspended' : place === names.length - 1 ? 'deleted' : 'active'
    const changed = made + random.integer(day, 100 * day)
    tenantRows.push({
      id: tenant,
      name,
      email: `billing@tenant${place + 1}.example`,
      stripe_customer_id: random.chance(0.8) ? `cus_${random.hex(14)}` : null,
      status,
      billing_plan: plan,
      reserved_capacity_tokens_per_sec: plan === 'serverless' ? 0 : random.integer(2, 40) * 100,
      region_preferences: random.chance(0.5) ? { prefer: [random.pick(regionCodes)] } : {},
      created_at: instant(made),
      updated_at: instant(changed),
      deleted_at: instantOrNull(status === 'deleted' ? changed : null),
    })
    for (const stage of place < 6 ? ['prod', 'staging', 'dev'] : ['prod']) {
      const id = random.uuid()
      const models = random.sample(modelNames, random.integer(1, 4))
      const keys = keysOf({ tenant, environment: id, stage, place, made, status, random })
      keyRows.push(...keys)
      environmentRows.push({
        id,
        tenant_id: tenant,
        name: stage,
        region: random.chance(0.9) ? random.pick(regionCodes) : 'moon-base-1',
        model_list: models,
        quota_tokens_per_day: stage === 'prod' ? random.integer(5, 4_000) * 1_000_000 : 1_000_000,
        quota_tokens_per_minute: stage === 'prod' ? 60_000 : 10_000,
        concurrency_limit: stage === 'prod' ? 50 : 10,
        status: place === 3 && stage === 'staging' ? 'suspended' : 'active',
        created_at: instant(made),
        updated_at: instant(made + random.integer(0, 60 * day)),
      })
      environments.push({
        id,
        tenant,
        region: random.pick(regionCodes),
        models,
        keys: keys.map((key) => String(key.id)),
        weight: status === 'active' ? (stage === 'prod' ? 12 : 2) : 1,
      })
    }
  }
  return { tenantRows, environmentRows, keyRows, environments }
}

interface KeyPlan {
  readonly tenant: string
  readonly environment: string
  readonly stage: string
  readonly place: number
  readonly made: Moment
  readonly status: string
  readonly random: Random
}

function keysOf({ tenant, environment, stage, place, made, status, random }: KeyPlan) {
  const isOpen = place === 0 && stage === 'prod'
  const given: { key?: string; role: string }[] = isOpen
    ? [
        { key: seededTenantKeys.admin, role: 'admin' },
        { key: seededTenantKeys.developer, role: 'developer' },
        { key: seededTenantKeys.readOnly, role: 'read-only' },
        { role: 'developer' },
      ]
    : Array.from({ length: random.integer(1, 4) }, () => ({
        role: random.weighted({ developer: 6, admin: 2, 'read-only': 2 }),
      }))
  return given.map(({ key = `clsk_${stage}_${random.hex(32)}`, role }, index) => {
    const isKnown = index < 3 && isOpen
    const created = made + random.integer(hour, 90 * day)
    return {
      id: random.uuid(),
      key_hash: createHash('sha256').update(key).digest('hex'),
      key_prefix: key.slice(0, 12),
      tenant_id: tenant,
      environment_id: environment,
      user_id: random.chance(0.3) ? random.uuid() : null,
      name: random.chance(0.9)
        ? `${stage} ${random.pick(['backend', 'notebook', 'batch', 'Übersetzer'])}`
        : null,
      role,
      rate_limit_tokens_per_min: random.chance(0.4) ? random.integer(1, 20) * 5_000 : null,
      rate_limit_requests_per_min: random.pick([0, 60, 60, 600]),
      concurrency_limit: 5,
      status: isKnown
        ? 'active'
        : status === 'deleted'
          ? 'revoked'
          : status === 'suspended'
            ? 'suspended'
            : random.weighted({ active: 7, revoked: 2, suspended: 1 }),
      created_at: instant(created),
      last_used_at: instantOrNull(random.chance(0.8) ? now - random.integer(0, 20 * day) : null),
      expires_at: instantOrNull(
        isKnown || random.chance(0.7) ? null : now + random.integer(-30 * day, 300 * day),
      ),
      metadata: random.chance(0.2) ? { ticket: `OPS-${random.integer(100, 999)}` } : {},
    }
  })
}
