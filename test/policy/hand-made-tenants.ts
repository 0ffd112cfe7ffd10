/*
 * The tenants' part of the hand-made world: two tenants, rows that say they are of one and lead to the other's, regions
 * and models that are named and not there, and a cluster that no node is.
 */
import type { Row, Tables } from '../support/worlds.ts'

/** Keys of the control plane's tenants. */
export const tenants = {
  one: '11111111-1111-4111-8111-111111111111',
  other: '22222222-2222-4222-8222-222222222222',
} as const

export const uuid = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`

const { one, other } = tenants
const active = { status: 'active' }
const rows = (table: number, list: readonly Row[]): Row[] =>
  list.map((row, index) => ({ id: uuid(table * 1_000_000 + index + 1), ...active, ...row }))
const key = (table: number, place: number) => uuid(table * 1_000_000 + place)

export const tenantTables: { readonly iaas: Tables; readonly skypilot: Tables } = {
  iaas: {
    tenants: [
      { id: one, ...active, billing_plan: 'reserved' },
      { id: other, status: 'suspended', billing_plan: 'serverless' },
    ],
    regions: rows(1, [{ code: 'us-east' }, { code: 'eu' }]),
    models: rows(2, [
      { name: 'llama', type: 'chat' },
      { name: 'bge', type: 'embedding' },
    ]),
    environments: rows(3, [
      { tenant_id: one, name: 'prod', region: 'us-east' },
      { tenant_id: one, name: 'dev', region: 'nowhere' },
      { tenant_id: other, name: 'prod', region: 'us-east' },
    ]),
    api_keys: rows(4, [
      { tenant_id: one, environment_id: key(3, 1), role: 'admin' },
      { tenant_id: one, environment_id: key(3, 2), role: 'read-only', status: 'revoked' },
      { tenant_id: other, environment_id: key(3, 3), role: 'developer' },
    ]),
    deployments: rows(5, [
      { model_name: 'llama', region: 'us-east', strategy: 'spread' },
      { model_name: 'somebody/llama', region: null, strategy: 'packed', status: 'paused' },
    ]),
    nodes: rows(6, [
      {
        provider: 'aws',
        region_id: key(1, 1),
        model_id: key(2, 1),
        model_name: 'bge',
        deployment_id: key(5, 1),
        cluster_name: 'cic-aws-1',
      },
      {
        provider: 'on-prem',
        region_id: null,
        model_id: null,
        model_name: 'somebody/llama',
        deployment_id: null,
        cluster_name: 'gone',
        status: 'dead',
      },
    ]),
    deployment_nodes: [{ deployment_id: key(5, 1), node_id: key(6, 1), status: 'draining' }],
    usage_records: rows(7, [
      usage(one, { environment: 1, apiKey: 1, served: true }),
      usage(other, { environment: 3, apiKey: 3, served: true }),
      // Says that it is of the one tenant, and came by the other's key.
      usage(one, { environment: 3, apiKey: 3, served: false }),
    ]).map(({ status, ...row }) => row),
    billing_events: rows(8, [
      { tenant_id: one, event_type: 'usage', status: 'pending' },
      { tenant_id: other, event_type: 'refund', status: 'failed' },
    ]),
    notification_deliveries: rows(9, [
      { tenant_id: one, channel: 'slack', event_type: 'apikey.created', status: 'sent' },
      { tenant_id: other, channel: 'email', event_type: 'tenant.suspended', status: 'retry' },
      { tenant_id: null, channel: 'pigeon', event_type: 'node.launched', status: 'lost' },
    ]),
    notification_config: rows(10, [
      { tenant_id: one, channel: 'slack' },
      { tenant_id: other, channel: 'email' },
    ]).map(({ status, ...row }) => row),
  },
  skypilot: {
    clusters: [
      { name: 'cic-aws-1', status: 'UP' },
      { name: 'of-nobody', status: 'FOREIGN' },
    ],
  },
}

function usage(
  tenant: string,
  { environment, apiKey, served }: { environment: number; apiKey: number; served: boolean },
): Row {
  return {
    tenant_id: tenant,
    environment_id: key(3, environment),
    api_key_id: key(4, apiKey),
    region_id: served ? key(1, 1) : null,
    model_id: served ? key(2, 1) : null,
    node_id: served ? key(6, 1) : null,
  }
}
