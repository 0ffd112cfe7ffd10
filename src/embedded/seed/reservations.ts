import type { GpuRun } from './gpu-runs.ts'
import { instanceOf } from './gpu-types.ts'
import type { Row } from './insert.ts'
import { Random } from './random.ts'
import { hour, instant, instantOrNull, type Moment, minute, now, second } from './time.ts'

const failures = [
  'Pod failed to schedule: insufficient nvidia.com/gpu',
  'Image build failed: exit status 1',
  'Preparing for more than 1 hour',
  'Disk snapshot could not be restored',
]

const detail = {
  pending: 'Waiting for the processor',
  queued: 'In queue: not enough GPUs',
  preparing: 'Pulling the container image',
  active: 'Ready',
  expired: null,
  failed: null,
  cancelled: null,
} as const

/** The steps that the service notes as it goes. */
function historyOf(run: GpuRun, reason: string | null): object[] {
  const step = (status: string, moment: Moment, more: object = {}) => ({
    status,
    timestamp: `${instant(moment).slice(0, 26).replace(' ', 'T')}+00:00`,
    ...more,
  })
  const steps = [step('pending', run.asked + 3 * second, { message: 'Reservation request received' })]
  if (run.status === 'pending') return steps
  if (run.status === 'queued') return [...steps, step('queued', run.asked + 5 * second)]
  if (run.launched !== null || run.status === 'preparing')
    steps.push(step('preparing', run.asked + 6 * second))
  if (run.launched !== null) steps.push(step('active', run.launched))
  if (run.ended !== null)
    steps.push(step(run.status, run.ended, reason === null ? {} : { failure_reason: reason }))
  return steps
}

/** A reservation as its row. Each draws from a stream of its own, named by its key. */
export function reservationRow(run: GpuRun): Row {
  const random = new Random(`reservation ${run.id}`)
  const { id, status, launched, ended } = run
  const expires = launched === null ? null : launched + run.hours * hour
  const isActive = status === 'active'
  const reason = status === 'failed' ? random.pick(failures) : null
  const address = `10.0.${random.integer(1, 30)}.${random.integer(2, 250)}`
  const port = random.integer(30_000, 32_767)
  const jupyter = launched !== null && random.chance(0.4)
  const domain = launched !== null && random.chance(0.35) ? `gpu-dev-${id.slice(0, 8)}` : null
  const oomCount = launched !== null && random.chance(0.06) ? random.integer(1, 3) : 0
  const minutesLeft = expires === null ? null : Math.floor((expires - now) / minute)
  const warned = isActive && minutesLeft !== null && minutesLeft <= 30
  const shared = run.username === 'ada.okafor' || random.chance(0.1)
  return {
    reservation_id: id,
    user_id: run.username,
    status,
    gpu_type: run.kind,
    gpu_count: run.gpus,
    instance_type: instanceOf(run.kind),
    duration_hours: run.hours,
    created_at: instant(run.asked),
    launched_at: instantOrNull(launched),
    expires_at: instantOrNull(expires),
    updated_at: instant(ended ?? launched ?? run.asked),
    name: random.chance(0.8) ? `gpu-dev-${id.slice(0, 8)}` : null,
    github_user: random.chance(0.7) ? run.username.replace(/\W/g, '-') : null,
    pod_name: launched === null ? null : `gpu-dev-${id.slice(0, 8)}`,
    namespace: 'gpu-dev',
    node_ip: isActive ? address : null,
    node_port: isActive ? port : null,
    ssh_command: isActive ? `ssh -p ${port} dev@${address}` : null,
    jupyter_enabled: jupyter,
    jupyter_url: jupyter && isActive ? `http://${address}:${port + 1}/lab?token=${random.hex(32)}` : null,
    jupyter_port: jupyter ? port + 1 : null,
    jupyter_token: jupyter && isActive ? random.hex(32) : null,
    jupyter_error: jupyter && random.chance(0.1) ? 'jupyter lab exited with status 1' : null,
    ebs_volume_id: run.diskName === null ? null : `vol-0${random.hex(16)}`,
    disk_name: run.diskName,
    failure_reason: reason,
    current_detailed_status: detail[status],
    // Rows of before the column was added have none.
    status_history: random.chance(0.02) ? null : historyOf(run, reason),
    pod_logs: status === 'failed' ? `Traceback (most recent call last):\n  ${reason}` : null,
    warning: warned ? `Expires in ${minutesLeft} minutes` : null,
    secondary_users: shared ? ['bruno.keller'] : [],
    is_multinode: run.node !== null,
    master_reservation_id: run.node?.master ?? null,
    node_index: run.node?.index ?? null,
    total_nodes: run.node?.total ?? null,
    cli_version: random.pick(['0.3.9', '0.4.0', null]),
    ebs_availability_zone: random.chance(0.6) ? random.pick(['us-east-2a', 'us-east-2b']) : null,
    domain_name: domain,
    fqdn: domain && `${domain}.devservers.example.org`,
    alb_config: domain && { rule_arn: `arn:aws:elasticloadbalancing:us-east-2:rule/${random.hex(16)}` },
    preserve_entrypoint: false,
    node_private_ip: launched === null ? null : `172.31.${random.integer(0, 63)}.${random.integer(2, 250)}`,
    oom_count: oomCount,
    last_oom_at: instantOrNull(oomCount > 0 && launched !== null ? launched + 20 * minute : null),
    oom_container: oomCount > 0 ? 'gpu-dev' : null,
    warnings_sent: warned ? { '30min_warning_sent': true } : {},
    last_warning_time: warned ? Math.floor(now / second) - 60 : null,
    failed_at: instantOrNull(status === 'failed' ? ended : null),
    cancelled_at: instantOrNull(status === 'cancelled' ? ended : null),
    reservation_ended: instantOrNull(ended),
  }
}

const domainOf = (run: GpuRun) => {
  const row = reservationRow(run)
  return row.domain_name === null || run.status !== 'active' ? [] : [row]
}

/** Names that lead to what is active. */
export const domainRows = (runs: readonly GpuRun[]): Row[] =>
  runs.flatMap(domainOf).map((row) => ({
    domain_name: row.domain_name,
    node_ip: row.node_ip,
    node_port: row.node_port,
    reservation_id: row.reservation_id,
    expires_at: row.expires_at,
    created_at: row.launched_at,
    updated_at: row.launched_at,
  }))

/** Load balancer entries of Jupyter servers. */
export const targetGroupRows = (runs: readonly GpuRun[]): Row[] =>
  runs.flatMap(domainOf).map((row) => ({
    reservation_id: row.reservation_id,
    domain_name: row.domain_name,
    jupyter_target_group_arn: `arn:aws:elasticloadbalancing:us-east-2:targetgroup/${row.domain_name}`,
    jupyter_rule_arn: `arn:aws:elasticloadbalancing:us-east-2:listener-rule/${row.domain_name}`,
    expires_at: row.expires_at,
    created_at: row.launched_at,
    updated_at: row.launched_at,
  }))
