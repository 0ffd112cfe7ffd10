import type { Row, World } from './worlds.ts'

type Draw = readonly number[]

/** The first is the one whose key looks; see `tenantKey` where it is made. */
const tenantIds = [
  '11111111-1111-4111-8111-111111111111',
  '22222222-2222-4222-8222-222222222222',
  '33333333-3333-4333-8333-333333333333',
]
const uuid = (table: number, place: number) =>
  `00000000-0000-4000-8000-${String(table * 1000 + place).padStart(12, '0')}`
const regions = ['us-east', 'eu']
const pick = <T>(list: readonly T[], number = 0) => list[number % list.length] as T

/** Tenants with everything of theirs, whose parts lead to each other's rows now and then. */
export function randomTenants(draws: readonly Draw[]): Pick<World, 'iaas' | 'skypilot'> {
  const of = (table: number, make: (draw: Draw, place: number) => Row): Row[] =>
    draws.map((draw, place) => ({ id: uuid(table, place), ...make(draw, place) }))
  const one = (table: number, number = 0) => uuid(table, number % Math.max(1, draws.length))
  const perhaps = (table: number, number = 0) => (number % 4 === 0 ? null : one(table, number))
  const tenant = (number?: number) => ({ tenant_id: pick(tenantIds, number) })
  const status = { status: 'active' }
  return {
    iaas: {
      tenants: tenantIds.map((id, place) => ({
        id,
        ...status,
        name: `tenant ${place}`,
        email: `${place}@x.io`,
        billing_plan: 'serverless',
      })),
      regions: regions.map((code, place) => ({ id: uuid(1, place), code, name: code, ...status })),
      models: of(2, (_, place) => ({
        name: `model ${place}`,
        family: 'f',
        type: 'chat',
        context_length: 1,
        vram_required_gb: 1,
        price_input_per_million: 1,
        price_output_per_million: 2,
        ...status,
      })),
      environments: of(3, ([owner, region], place) => ({
        ...tenant(owner),
        name: `environment ${place}`,
        region: pick([...regions, 'nowhere'], region),
        ...status,
      })),
      api_keys: of(4, ([owner, environment], place) => ({
        ...tenant(owner),
        environment_id: one(3, environment),
        key_hash: `hash ${place}`,
        key_prefix: 'clsk_dev_abc',
        role: 'developer',
        ...status,
      })),
      deployments: of(5, ([model, region], place) => ({
        name: `deployment ${place}`,
        model_name: `model ${model}`,
        region: pick([...regions, 'nowhere', null], region),
        ...status,
      })),
      nodes: of(6, ([region, model, deployment, name], place) => ({
        provider: 'aws',
        endpoint_url: 'http://node',
        region_id: pick([uuid(1, 0), uuid(1, 1), null], region),
        model_id: perhaps(2, model),
        deployment_id: perhaps(5, deployment),
        model_name: `model ${name}`,
        cluster_name: `cluster ${place * (place % 2 ? 1 : -1)}`,
        ...status,
      })),
      usage_records: of(7, ([owner, environment, apiKey, node]) => ({
        ...tenant(owner),
        environment_id: one(3, environment),
        api_key_id: perhaps(4, apiKey),
        node_id: perhaps(6, node),
        prompt_tokens: 1,
        completion_tokens: 1,
        total_tokens: 2,
      })),
      billing_events: of(8, ([owner]) => ({
        ...tenant(owner),
        event_type: 'usage',
        amount_microdollars: 1,
        status: 'pending',
      })),
      notification_deliveries: of(9, ([owner, none]) => ({
        tenant_id: (none ?? 0) % 3 === 0 ? null : pick(tenantIds, owner),
        event_id: 'e',
        event_type: 'apikey.created',
        channel: 'slack',
        status: 'sent',
      })),
      notification_config: of(10, ([owner], place) => ({ ...tenant(owner), channel: `channel ${place}` })),
    },
    skypilot: { clusters: draws.map((_, place) => ({ name: `cluster ${place}`, status: 'UP' })) },
  }
}
