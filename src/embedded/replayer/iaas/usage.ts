import type { Client } from 'pg'
import type { Random } from '../../seed/random.ts'

const recordsKept = 5_000
const nodesKept = 40

/** Writes down what one request used, by a key that opens and a node that serves. */
export async function recordUse(client: Client, random: Random): Promise<void> {
  const completion = random.integer(1, 900)
  await client.query(
    `WITH key AS (
       SELECT k.id, k.tenant_id, k.environment_id FROM api_keys k
         JOIN tenants t ON t.id = k.tenant_id AND t.status = 'active'
         JOIN environments e ON e.id = k.environment_id AND e.status = 'active'
       WHERE k.status = 'active' AND (k.expires_at IS NULL OR k.expires_at > now()) ORDER BY random() LIMIT 1
     ), node AS (
       SELECT n.id, n.region_id, m.id AS model_id, m.price_input_per_million AS input, m.price_output_per_million AS output
       FROM nodes n JOIN models m ON m.id = n.model_id WHERE n.status = 'active' ORDER BY random() LIMIT 1
     ), used AS (
       INSERT INTO usage_records (request_id, tenant_id, environment_id, api_key_id, region_id, model_id, node_id,
         prompt_tokens, completion_tokens, total_tokens, cached_tokens, latency_ms, cost_microdollars)
       SELECT 'replay-' || gen_random_uuid(), key.tenant_id, key.environment_id, key.id, node.region_id, node.model_id,
         node.id, $1::int, $2::int, $1::int + $2::int, 0, $3::int, round($1::int * input + $2::int * output)
       FROM key, node RETURNING api_key_id
     )
     UPDATE api_keys SET last_used_at = now() WHERE id IN (SELECT api_key_id FROM used)`,
    [random.integer(20, 6_000), completion, Math.round(80 + completion * random.between(8, 30))],
  )
}

/** Takes away what was played long ago. */
export async function clearAway(client: Client): Promise<void> {
  await client.query(
    `DELETE FROM usage_records WHERE request_id LIKE 'replay-%' AND timestamp < (
       SELECT timestamp FROM usage_records WHERE request_id LIKE 'replay-%'
       ORDER BY timestamp DESC OFFSET ${recordsKept} LIMIT 1)`,
  )
  await client.query(
    `DELETE FROM nodes n WHERE node_id_external LIKE 'replay-%' AND status = 'dead'
       AND NOT EXISTS (SELECT FROM usage_records u WHERE u.node_id = n.id) AND terminated_at < (
       SELECT terminated_at FROM nodes WHERE node_id_external LIKE 'replay-%' AND status = 'dead'
       ORDER BY terminated_at DESC OFFSET ${nodesKept} LIMIT 1)`,
  )
  await client.query(
    "DELETE FROM notification_deliveries WHERE event_id LIKE 'replay-%' AND created_at < now() - interval '1 day'",
  )
}
