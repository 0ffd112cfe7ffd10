import { Client } from 'pg'
import type { BySource, SourceKey } from '../../src/config/source-names.ts'
import { seed } from '../../src/embedded/seed/seed.ts'

/** How every secret begins that lies in databases filled here. */
export const sentinel = 'SENTINEL-do-not-show'

const secrets = {
  users: {
    users: ['hashed_password', 'password_reset_token'],
    invitations: ['token'],
  },
  platform: { deployments: ['api_key'] },
  iaas: {
    tenants: ['stripe_customer_id'],
    api_keys: ['key_hash'],
    billing_events: ['stripe_usage_record_id', 'stripe_invoice_id'],
    notification_deliveries: ['destination'],
    notification_config: ['destination', 'settings'],
  },
  skypilot: { clusters: ['handle', 'storage_mounts_metadata'] },
  gpudev: { api_keys: ['key_hash'], reservations: ['jupyter_token'] },
} as const

/** Fills databases as their owners' programs would, with a sentinel for every secret. */
export async function fill(urls: BySource<string>): Promise<void> {
  await seed({ urls })
  for (const [source, tables] of Object.entries(secrets)) {
    const client = new Client({ connectionString: urls[source as SourceKey] })
    // Its database may be dropped while it is still saying goodbye.
    client.on('error', () => {})
    await client.connect()
    try {
      for (const [table, columns] of Object.entries(tables))
        for (const column of columns) {
          const { rowCount } = await client.query(
            `UPDATE ${table} t SET ${column} =
               (jsonb_populate_record(NULL::${table}, jsonb_build_object('${column}', '${sentinel}-' || md5(t::text)))).${column}`,
          )
          if (!rowCount) throw new Error(`${table} has no row to hide a secret in.`)
        }
    } finally {
      await client.end()
    }
  }
}
