/*
 * The control plane of the inference service: nodes send heartbeats, a controller keeps as many of them as each
 * deployment wants, leaving those alone that are paused, and every request that is served leaves a record of what it
 * used. A spot node is taken away now and then, so that there is something to keep up.
 */
import type { Client } from 'pg'
import { Random } from '../../seed/random.ts'
import type { Writer } from '../writer.ts'
import { clearAway, recordUse } from './usage.ts'

/** Played seconds between two heartbeats of a node, and two rounds of the controller, as in the original. */
const heartbeatSeconds = 10
const controllerSeconds = 30
const launchSeconds = 12
const drainSeconds = 20
const takenAway = 0.03

export const controlPlane: Writer = {
  name: 'control plane',
  source: 'iaas',
  rhythm: 1,
  begin: ({ client, clock }) => {
    const random = new Random('control plane')
    const last = { heartbeat: Number.NEGATIVE_INFINITY, controller: Number.NEGATIVE_INFINITY }
    /** When a node was first seen on its way up or down, on the played clock. */
    const seen = new Map<string, number>()
    const isDue = (what: keyof typeof last, seconds: number) => {
      if (clock() - last[what] < seconds) return false
      last[what] = clock()
      return true
    }
    return async () => {
      await moveOn(client, seen, clock())
      if (isDue('heartbeat', heartbeatSeconds)) await beat(client)
      if (isDue('controller', controllerSeconds)) {
        await takeAway(client, random)
        await keepUp(client, random)
        await clearAway(client)
      }
      if (random.chance(0.7)) await recordUse(client, random)
    }
  },
}

const beat = (client: Client) =>
  client.query(
    `UPDATE nodes SET last_heartbeat_at = now(), vram_free_gb = floor(random() * 20),
       health_score = round((90 + random() * 10)::numeric, 2)
     WHERE status IN ('active', 'draining')`,
  )

/** What is launched becomes active after a while, what is drained is gone. */
async function moveOn(client: Client, seen: Map<string, number>, clock: number): Promise<void> {
  const { rows } = await client.query<{ id: string; status: 'initializing' | 'draining' }>(
    "SELECT id, status FROM nodes WHERE status IN ('initializing', 'draining')",
  )
  const moving = new Set(rows.map(({ id }) => id))
  for (const id of seen.keys()) if (!moving.has(id)) seen.delete(id)
  for (const { id, status } of rows) {
    if (!seen.has(id)) seen.set(id, clock)
    const age = clock - (seen.get(id) ?? clock)
    if (status === 'initializing' && age >= launchSeconds) await register(client, id)
    if (status === 'draining' && age >= drainSeconds) await end(client, id)
  }
}

const register = (client: Client, id: string) =>
  client.query(
    `UPDATE nodes n SET status = 'active', last_heartbeat_at = now(), health_score = 100,
       model_id = coalesce((SELECT m.id FROM models m WHERE m.name = n.model_name), n.model_id)
     WHERE id = $1 AND status = 'initializing'`,
    [id],
  )

async function end(client: Client, id: string): Promise<void> {
  await client.query("UPDATE nodes SET status = 'dead', terminated_at = now() WHERE id = $1", [id])
  await client.query(
    `INSERT INTO notification_deliveries (event_id, event_type, channel, status, sent_at)
     VALUES ('replay-' || $1, 'node.terminated', 'slack', 'sent', now())`,
    [id],
  )
}

async function takeAway(client: Client, random: Random): Promise<void> {
  const { rows } = await client.query<{ id: string }>(
    "SELECT id FROM nodes WHERE status = 'active' AND spot_instance ORDER BY id",
  )
  for (const { id } of rows) if (random.chance(takenAway)) await end(client, id)
}

/** One step towards what each active deployment wants. */
async function keepUp(client: Client, random: Random): Promise<void> {
  const { rows } = await client.query<{
    id: string
    model_name: string
    nodes: number
    least: number
    most: number
  }>(
    `SELECT d.id, d.model_name, coalesce(d.min_replicas, 0) AS least, coalesce(d.max_replicas, 1000) AS most,
       (SELECT count(*)::int FROM nodes n WHERE n.deployment_id = d.id AND n.status IN ('initializing', 'active')) AS nodes
     FROM deployments d WHERE d.status = 'active' ORDER BY d.created_at, d.id`,
  )
  for (const { id, model_name, nodes, least, most } of rows) {
    if (nodes < least) await launch(client, { deployment: id, model: model_name, random })
    if (nodes > most) await drain(client, id)
    await client.query(
      'UPDATE deployments SET current_replicas = $2 WHERE id = $1 AND current_replicas IS DISTINCT FROM $2',
      [id, nodes],
    )
  }
}

const launch = (
  client: Client,
  { deployment, model, random }: { deployment: string; model: string; random: Random },
) =>
  client.query(
    `INSERT INTO nodes (provider, region_id, gpu_type, vram_total_gb, vram_free_gb, endpoint_url, spot_instance,
       spot_price, node_id_external, model_name, deployment_id)
     SELECT 'aws', (SELECT id FROM regions WHERE status = 'active' ORDER BY code LIMIT 1), 'A100-80GB', 80, 80,
       'http://10.9.0.1:8000', $3, CASE WHEN $3 THEN 1.2345 END, 'replay-' || gen_random_uuid(), $2, $1`,
    [deployment, model, random.chance(0.6)],
  )

const drain = (client: Client, deployment: string) =>
  client.query(
    `UPDATE nodes SET status = 'draining' WHERE id = (SELECT id FROM nodes
       WHERE deployment_id = $1 AND status = 'active' ORDER BY created_at DESC LIMIT 1)`,
    [deployment],
  )
