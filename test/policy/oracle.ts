/*
 * Who rightly sees what, worked out over plain rows in plain loops: a second opinion, which shares nothing with the
 * policy's own code and must not.
 *
 * Readings taken where the rules leave room:
 * - A project's owner counts among its members, whether or not a membership says so.
 * - A membership counts although its project is gone: its members still know each other.
 * - Chat belongs to its user alone; an administrator sees only his own.
 * - "In full" leaves out what is internal: that is the administrators', also of one's own account.
 * - One's own e-mail address is the account's, as stored or in lower case; nothing in it is a wildcard.
 * - What goes by the Labeler's tokens depends on nothing but the token.
 */
import type { Row, Source, World } from '../support/worlds.ts'

/** Who asks, in the words of the users database. */
export interface Who {
  /** For the names of tests. */
  readonly name: string
  readonly id?: number
  readonly email?: string
  readonly role?: string
  readonly organization?: number | null
  /** The tenant whose API key it is. */
  readonly tenant?: string
  /** The GPU Dev user whose API key it is: number, name, and whether somebody else is called by that number. */
  readonly gpuUser?: { readonly id: number; readonly name: string; readonly isNumberTaken?: boolean }
  /** Came by the Labeler's token. */
  readonly labeler?: boolean
}

export interface TypeTable {
  readonly source: Source
  readonly table: string
  readonly key: string
}

const tableOf = (source: Source, table: string, key = 'id'): TypeTable => ({ source, table, key })

/** The table behind each type of the graph. */
export const tables: Readonly<Record<string, TypeTable>> = {
  User: tableOf('users', 'users'),
  Organization: tableOf('users', 'organizations'),
  Invitation: tableOf('users', 'invitations'),
  ProjectMember: tableOf('users', 'project_members'),
  Project: tableOf('platform', 'projects'),
  Experiment: tableOf('platform', 'experiments'),
  TrainingJob: tableOf('platform', 'training_jobs'),
  TrainingMetric: tableOf('platform', 'metrics'),
  TrainingLog: tableOf('platform', 'logs'),
  ValidationResult: tableOf('platform', 'validation_results'),
  TestRun: tableOf('platform', 'test_runs'),
  InferenceJob: tableOf('platform', 'inference_jobs'),
  ExportJob: tableOf('platform', 'export_jobs'),
  Deployment: tableOf('platform', 'deployments'),
  DatasetSnapshot: tableOf('platform', 'dataset_snapshots'),
  ChatSession: tableOf('platform', 'sessions'),
  ChatMessage: tableOf('platform', 'messages'),
  SlurmJob: tableOf('inference', 'jobs'),
  Training: tableOf('inference', 'training'),
  Model: tableOf('inference', 'model'),
  Inference: tableOf('inference', 'inference', 'predict_id'),
  ModelVersion: tableOf('mlops', 'model_versions'),
  MonitoringMetric: tableOf('mlops', 'monitoring_metrics'),
  RetrainingDecision: tableOf('mlops', 'retraining_decisions'),
  DecisionHistoryEntry: tableOf('mlops', 'v_decision_history', 'decision_id'),
  ModelTimelineEntry: tableOf('mlops', 'v_model_timeline'),
  RecentMetric: tableOf('mlops', 'v_recent_monitoring'),
  Tenant: tableOf('iaas', 'tenants'),
  TenantEnvironment: tableOf('iaas', 'environments'),
  TenantApiKey: tableOf('iaas', 'api_keys'),
  UsageRecord: tableOf('iaas', 'usage_records'),
  BillingEvent: tableOf('iaas', 'billing_events'),
  NotificationDelivery: tableOf('iaas', 'notification_deliveries'),
  NotificationConfig: tableOf('iaas', 'notification_config'),
  Region: tableOf('iaas', 'regions'),
  LlmModel: tableOf('iaas', 'models'),
  LlmDeployment: tableOf('iaas', 'deployments'),
  LlmNode: tableOf('iaas', 'nodes'),
  SkyCluster: tableOf('skypilot', 'clusters', 'name'),
  GpuUser: tableOf('gpudev', 'api_users', 'user_id'),
  GpuApiKey: tableOf('gpudev', 'api_keys', 'key_id'),
  GpuType: tableOf('gpudev', 'gpu_types', 'gpu_type'),
  GpuReservation: tableOf('gpudev', 'reservations', 'reservation_id'),
  GpuDisk: tableOf('gpudev', 'disks', 'disk_id'),
  DomainMapping: tableOf('gpudev', 'domain_mappings', 'domain_name'),
  TargetGroup: tableOf('gpudev', 'alb_target_groups', 'reservation_id'),
}

export interface Link {
  readonly from: string
  readonly field: string
  /** The column of `from` that names the row of `to`. */
  readonly column: string
  readonly to: string
  readonly inverse: string
  /** The column of `to` that it holds, where that is not the key. */
  readonly references?: string
}

/** Every way between types: the field to one, the column it goes by, the connection that comes back. */
export const links: readonly Link[] = `
  Project.owner user_id User.projects
  Project.organization organization_id Organization.projects
  Experiment.project project_id Project.experiments
  TrainingJob.creator created_by User.trainingJobs
  TrainingJob.session session_id ChatSession.trainingJobs
  TrainingJob.project project_id Project.trainingJobs
  TrainingJob.experiment experiment_id Experiment.trainingJobs
  TrainingJob.datasetSnapshot dataset_snapshot_id DatasetSnapshot.trainingJobs
  TrainingMetric.job job_id TrainingJob.metrics
  TrainingLog.job job_id TrainingJob.logs
  ValidationResult.job job_id TrainingJob.validationResults
  TestRun.trainingJob training_job_id TrainingJob.testRuns
  InferenceJob.trainingJob training_job_id TrainingJob.inferenceJobs
  ExportJob.trainingJob training_job_id TrainingJob.exportJobs
  Deployment.trainingJob training_job_id TrainingJob.deployments
  Deployment.exportJob export_job_id ExportJob.deployments
  DatasetSnapshot.creator created_by_user_id User.datasetSnapshots
  ChatSession.user user_id User.chatSessions
  ChatMessage.session session_id ChatSession.messages
  User.organization organization_id Organization.users
  Invitation.organization organization_id Organization.invitations
  Invitation.project project_id Project.invitations
  Invitation.inviter inviter_id User.sentInvitations
  Invitation.invitee invitee_id User.receivedInvitations
  ProjectMember.project project_id Project.members
  ProjectMember.user user_id User.memberships
  ProjectMember.inviter invited_by User.invitedMembers
  Training.job job_id SlurmJob.trainings
  Model.training training_id Training.models
  Inference.model model_id Model.inferences
  Inference.job job_id SlurmJob.inferences
  RetrainingDecision.candidate candidate_mlflow_run_id ModelVersion.decisions mlflow_run_id
  TenantEnvironment.tenant tenant_id Tenant.environments
  TenantEnvironment.cloudRegion region Region.environments code
  TenantApiKey.tenant tenant_id Tenant.apiKeys
  TenantApiKey.environment environment_id TenantEnvironment.apiKeys
  UsageRecord.tenant tenant_id Tenant.usageRecords
  UsageRecord.environment environment_id TenantEnvironment.usageRecords
  UsageRecord.apiKey api_key_id TenantApiKey.usageRecords
  UsageRecord.region region_id Region.usageRecords
  UsageRecord.model model_id LlmModel.usageRecords
  UsageRecord.node node_id LlmNode.usageRecords
  BillingEvent.tenant tenant_id Tenant.billingEvents
  NotificationDelivery.tenant tenant_id Tenant.notificationDeliveries
  NotificationConfig.tenant tenant_id Tenant.notificationConfigs
  LlmDeployment.model model_name LlmModel.deployments name
  LlmDeployment.cloudRegion region Region.deployments code
  LlmNode.region region_id Region.nodes
  LlmNode.model model_id LlmModel.nodes
  LlmNode.namedModel model_name LlmModel.namedNodes name
  LlmNode.deployment deployment_id LlmDeployment.nodes
  LlmNode.cluster cluster_name SkyCluster.nodes
  GpuApiKey.user user_id GpuUser.apiKeys
  GpuReservation.user user_id GpuUser.reservations
  GpuReservation.gpuType gpu_type GpuType.reservations
  GpuReservation.disk disk_name GpuDisk.reservations
  GpuReservation.masterReservation master_reservation_id GpuReservation.nodes
  GpuDisk.user user_id GpuUser.disks
  GpuDisk.reservation reservation_id GpuReservation.attachedDisks
  DomainMapping.reservation reservation_id GpuReservation.domainMappings
  TargetGroup.reservation reservation_id GpuReservation.targetGroups`
  .trim()
  .split('\n')
  .map((line) => {
    const [from, field, column, to, inverse, references] = line.trim().split(/[ .]/) as [
      string,
      string,
      string,
      string,
      string,
      string?,
    ]
    return { from, field, column, to, inverse, ...(references && { references }) }
  })

/** Nobody's, ever: not in the graph. By table. */
export const secretColumns: Readonly<Record<string, readonly string[]>> = {
  users: ['hashed_password', 'password_reset_token'],
  invitations: ['token'],
  deployments: ['api_key'],
  tenants: ['stripe_customer_id'],
  api_keys: ['key_hash'],
  billing_events: ['stripe_usage_record_id', 'stripe_invoice_id'],
  notification_deliveries: ['destination'],
  notification_config: ['destination', 'settings'],
  clusters: ['handle', 'storage_mounts_metadata'],
  reservations: ['jupyter_token'],
}

/** The administrators'. By table; `jobs` is SLURM's. */
export const internalColumns: Readonly<Record<string, readonly string[]>> = {
  users: ['keycloak_id', 'password_reset_expires'],
  training_jobs: ['output_dir', 'process_id'],
  export_jobs: ['export_path', 'process_id'],
  deployments: ['container_registry'],
  dataset_snapshots: ['storage_path', 'snapshot_metadata_path'],
  sessions: ['temp_data'],
  jobs: ['sbatch_content'],
  training: ['images_path', 'labels_path', 'model_path'],
  inference: ['output_dir'],
  api_keys: ['metadata', 'description'],
  nodes: ['endpoint_url', 'internal_ip', 'endpoint'],
  notification_deliveries: ['request_payload', 'response_body'],
  clusters: ['last_creation_yaml', 'last_creation_command', 'provision_log_path'],
  reservations: ['jupyter_url', 'alb_config', 'node_private_ip'],
  disks: ['ebs_volume_id', 'latest_snapshot_content_s3'],
  alb_target_groups: ['jupyter_target_group_arn', 'jupyter_rule_arn'],
}

/** The GPU Dev user's own whose reservation it is, and nobody else's. By table. */
export const ownersColumns: Readonly<Record<string, readonly string[]>> = {
  reservations: ['node_ip', 'ssh_command', 'pod_logs'],
  domain_mappings: ['node_ip'],
}

/** What belongs to a tenant, and the column that says to which. */
const ofTenants: Readonly<Record<string, string>> = {
  Tenant: 'id',
  TenantEnvironment: 'tenant_id',
  TenantApiKey: 'tenant_id',
  UsageRecord: 'tenant_id',
  BillingEvent: 'tenant_id',
  NotificationDelivery: 'tenant_id',
  NotificationConfig: 'tenant_id',
}

/** For everybody who has signed in, by whatever way but the Labeler's. */
const forAll = ['GpuType', 'Region', 'LlmModel', 'LlmDeployment', 'LlmNode']

/** What colleagues see of an account. */
const badge = ['id', 'full_name', 'avatar_name', 'badge_color']

const belowJobs: Readonly<Record<string, string>> = {
  TrainingMetric: 'job_id',
  TrainingLog: 'job_id',
  ValidationResult: 'job_id',
  TestRun: 'training_job_id',
  InferenceJob: 'training_job_id',
  ExportJob: 'training_job_id',
  Deployment: 'training_job_id',
}

const ranks = ['guest', 'standard_engineer', 'advanced_engineer', 'manager', 'admin']
const rank = (role: unknown) => Math.max(0, ranks.indexOf(String(role)))

export class Oracle {
  readonly #world: World

  constructor(world: World) {
    this.#world = world
  }

  /** All rows behind a type, seen or not. */
  rows(type: string): readonly Row[] {
    const { source, table } = tables[type] as TypeTable
    return this.#world[source][table] ?? []
  }

  row(type: string, key: unknown): Row | undefined {
    return key == null
      ? undefined
      : this.rows(type).find((row) => row[(tables[type] as TypeTable).key] === key)
  }

  /** The row that a row leads to by a field to one. */
  far(link: Link, row: Row): Row | undefined {
    const place = `${link.from}.${link.field}`
    if (place === 'GpuReservation.user' || place === 'GpuDisk.user') return this.#gpuUser(row.user_id)
    if (place === 'GpuReservation.disk')
      return this.rows('GpuDisk').find(
        (disk) => disk.user_id === row.user_id && disk.disk_name === row.disk_name,
      )
    const column = link.references ?? (tables[link.to] as TypeTable).key
    const named = row[link.column]
    return named == null ? undefined : this.rows(link.to).find((far) => far[column] === named)
  }

  /** The rows that lead to a row by a field to one. */
  near(link: Link, row: Row): Row[] {
    return this.rows(link.from).filter((one) => this.far(link, one) === row)
  }

  /** By the name; by the number only where nobody is called so. */
  #gpuUser(text: unknown): Row | undefined {
    const users = this.rows('GpuUser')
    return (
      users.find(({ username }) => username === text) ??
      users.find(({ user_id: number }) => String(number) === text)
    )
  }

  #ownsReservation(who: Who, row: Row | undefined): boolean {
    return (
      row !== undefined && who.gpuUser !== undefined && this.#gpuUser(row.user_id)?.user_id === who.gpuUser.id
    )
  }

  #seesGpuDev({ gpuUser: gpu }: Who, type: string, row: Row): boolean {
    if (!gpu) return false
    switch (type) {
      case 'GpuUser':
      case 'GpuApiKey':
        return row.user_id === gpu.id
      case 'GpuDisk':
        return this.#gpuUser(row.user_id)?.user_id === gpu.id
      case 'GpuReservation': {
        const guests = row.secondary_users
        const isGuest = Array.isArray(guests) && guests.includes(gpu.name)
        return isGuest || this.#gpuUser(row.user_id)?.user_id === gpu.id
      }
      case 'DomainMapping':
      case 'TargetGroup': {
        const reservation = this.row('GpuReservation', row.reservation_id)
        return (
          reservation !== undefined &&
          this.#seesGpuDev({ name: '', gpuUser: gpu }, 'GpuReservation', reservation)
        )
      }
      default:
        return false
    }
  }

  visible(who: Who, type: string): readonly Row[] {
    return this.rows(type).filter((row) => this.sees(who, type, row))
  }

  sees(who: Who, type: string, row: Row | undefined): boolean {
    if (!row) return false
    if (who.labeler) return ['User', 'Organization', 'ProjectMember'].includes(type)
    const ofTenant = ofTenants[type]
    if (ofTenant) return who.role === 'admin' || (who.tenant !== undefined && row[ofTenant] === who.tenant)
    if (forAll.includes(type)) return [who.id, who.tenant, who.gpuUser].some((one) => one !== undefined)
    if (who.gpuUser) return this.#seesGpuDev(who, type, row)
    if (who.id === undefined) return false
    if (type === 'ChatSession') return row.user_id === who.id
    if (type === 'ChatMessage') return this.sees(who, 'ChatSession', this.row('ChatSession', row.session_id))
    if (who.role === 'admin') return true
    const belowJob = belowJobs[type]
    if (belowJob) return this.sees(who, 'TrainingJob', this.row('TrainingJob', row[belowJob]))
    switch (type) {
      case 'Project':
        return this.#projects(who.id).has(row.id)
      case 'Experiment':
        return this.#projects(who.id).has(row.project_id)
      case 'TrainingJob':
        if (row.project_id != null) return this.#projects(who.id).has(row.project_id)
        return row.created_by === who.id || this.row('ChatSession', row.session_id)?.user_id === who.id
      case 'DatasetSnapshot': {
        const users = this.rows('TrainingJob').filter((job) => job.dataset_snapshot_id === row.id)
        return row.created_by_user_id === who.id || users.some((job) => this.sees(who, 'TrainingJob', job))
      }
      case 'User':
        return this.#seesAccount(who, row)
      case 'Organization':
        return row.id === who.organization
      case 'Invitation':
        return (
          row.inviter_id === who.id ||
          row.invitee_id === who.id ||
          row.invitee_email === who.email ||
          row.invitee_email === who.email?.toLowerCase()
        )
      case 'ProjectMember':
        return this.#projects(who.id).has(row.project_id)
      case 'SkyCluster':
        return false
      case 'SlurmJob':
      case 'Training':
      case 'Model':
      case 'Inference':
      case 'ModelVersion':
      case 'MonitoringMetric':
      case 'RetrainingDecision':
      case 'DecisionHistoryEntry':
      case 'ModelTimelineEntry':
      case 'RecentMetric':
        return rank(who.role) >= rank('standard_engineer')
      case 'GpuType':
        return true
      case 'GpuUser':
      case 'GpuApiKey':
      case 'GpuReservation':
      case 'GpuDisk':
      case 'DomainMapping':
      case 'TargetGroup':
        return false
      default:
        throw new Error(`Nothing is said of who sees ${type}.`)
    }
  }

  /** Whether somebody reads a column of a row that he sees. */
  reads(who: Who, type: string, row: Row, column: string): boolean {
    const { table } = tables[type] as TypeTable
    if (secretColumns[table]?.includes(column)) return false
    if (internalColumns[table]?.includes(column)) return who.role === 'admin' && !who.labeler
    if (ownersColumns[table]?.includes(column))
      return this.#ownsReservation(who, this.row('GpuReservation', row.reservation_id))
    return type !== 'User' || badge.includes(column) || this.#readsAccount(who, row)
  }

  /** Whether somebody reads a column on every row of the type that he could ever see. */
  readsThroughout(who: Who, type: string, column: string): boolean {
    const { table } = tables[type] as TypeTable
    const isAdmin = who.role === 'admin' && !who.labeler
    if (internalColumns[table]?.includes(column)) return isAdmin
    if (ownersColumns[table]?.includes(column)) return false
    return type !== 'User' || badge.includes(column) || isAdmin || who.labeler === true
  }

  #readsAccount(who: Who, row: Row): boolean {
    if (who.labeler || who.role === 'admin' || row.id === who.id) return true
    return who.role === 'manager' && row.system_role !== 'manager' && row.system_role !== 'admin'
  }

  #seesAccount(who: Who, row: Row): boolean {
    if (this.#readsAccount(who, row)) return true
    if (row.organization_id != null && row.organization_id === who.organization) return true
    return [...this.#projects(who.id as number)].some((project) =>
      this.#projects(row.id as number).has(project),
    )
  }

  /** Projects that somebody owns or is a member of. */
  #projects(person: number): Set<unknown> {
    const owned = this.rows('Project').filter(({ user_id }) => user_id === person)
    const joined = this.rows('ProjectMember').filter(({ user_id }) => user_id === person)
    return new Set([...owned.map(({ id }) => id), ...joined.map(({ project_id }) => project_id)])
  }
}
