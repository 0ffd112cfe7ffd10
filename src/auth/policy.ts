/**
 * Who may see what, in one table. What is not named here is not shown: an entity without an entry, or a field that is
 * in no list, fails the build of the schema.
 *
 * A rule speaks of the columns of the entity's table; `through` goes to the row that a relation names, by that row's
 * own rule. What one may not see does not exist: null, or not on the page.
 */
import {
  all,
  always,
  any,
  empty,
  labeler,
  listed,
  never,
  noneOf,
  own,
  type Rule,
  role,
  signedIn,
  through,
  usedBy,
  within,
} from './rule.ts'

export interface EntityPolicy {
  /** Who sees a row at all. */
  readonly rows: Rule
  /** Fields that whoever sees the row sees, separated by blanks. */
  readonly fields: string
  /** Fields that fewer see: null to the others. */
  readonly restricted?: readonly { readonly to: Rule; readonly fields: string }[]
}

/** What every job has, beside `startedAt` and `progress`. */
const job =
  'state nativeStatus queuedAt finishedAt duration error owner source queuePosition pendingReason isStale'

const admin = role('admin')
const engineers = role('standard_engineer')
const managed = all(role('manager'), noneOf('system_role', ['manager', 'admin']))
const inFull = any(admin, labeler, own('id', 'user'), managed)
// Rows of old name the user by the number.
const ownGpuRow = any(own('user_id', 'gpuUsername'), own('user_id', 'gpuUserText'))

export const entityPolicies: Readonly<Record<string, EntityPolicy>> = {
  Project: {
    rows: any(admin, own('user_id', 'user'), within('id', 'memberProjects')),
    fields: `id databaseId name description taskType userId organizationId createdAt updatedAt
      owner organization members invitations experiments trainingJobs`,
  },
  Experiment: {
    rows: through('project'),
    fields: `id databaseId projectId name description tags mlflowExperimentId mlflowExperimentName numRuns
      numCompletedRuns bestMetrics createdAt updatedAt project trainingJobs`,
  },
  TrainingJob: {
    rows: any(
      admin,
      through('project'),
      all(empty('project_id'), any(through('session'), own('created_by', 'user'))),
    ),
    fields: `${job} id databaseId sessionId projectId experimentId createdBy experimentName tags notes observabilityBackends
      observabilityExperimentIds framework frameworkRaw modelName taskType numClasses customDockerImage datasetId
      datasetSnapshotId datasetVersion datasetPath datasetFormat splitStrategy epochs batchSize learningRate
      advancedConfig status statusRaw errorMessage workflowId clearmlTaskId finalAccuracy bestCheckpointPath
      lastCheckpointPath primaryMetric primaryMetricMode primaryMetricModeRaw createdAt startedAt completedAt
      progress metricSeries creator session project experiment datasetSnapshot dataset
      metrics logs validationResults testRuns inferenceJobs exportJobs deployments`,
    restricted: [{ to: admin, fields: 'outputDir processId' }],
  },
  TrainingMetric: {
    rows: through('job'),
    fields:
      'id databaseId jobId epoch step loss accuracy learningRate extraMetrics checkpointPath createdAt job',
  },
  TrainingLog: {
    rows: through('job'),
    fields: 'id databaseId jobId logType logTypeRaw content createdAt job',
  },
  ValidationResult: {
    rows: through('job'),
    fields: `id databaseId jobId epoch taskType primaryMetricValue primaryMetricName overallLoss metrics
      perClassMetrics confusionMatrix prCurves classNames visualizationData sampleCorrectImages
      sampleIncorrectImages checkpointPath createdAt job`,
  },
  TestRun: {
    rows: through('trainingJob'),
    fields: `${job} progress id databaseId trainingJobId checkpointPath datasetPath datasetSplit status statusRaw errorMessage taskType
      primaryMetricName primaryMetricValue overallLoss metrics perClassMetrics confusionMatrix classNames totalImages
      inferenceTimeMs createdAt startedAt completedAt trainingJob`,
  },
  InferenceJob: {
    rows: through('trainingJob'),
    fields: `${job} progress id databaseId trainingJobId checkpointPath inferenceType inferenceTypeRaw inputData status statusRaw
      errorMessage taskType totalImages totalInferenceTimeMs avgInferenceTimeMs createdAt startedAt completedAt
      trainingJob`,
  },
  ExportJob: {
    rows: through('trainingJob'),
    fields: `${job} progress id databaseId trainingJobId exportFormat exportFormatRaw checkpointPath version isDefault framework
      frameworkRaw taskType modelName exportConfig optimizationConfig validationConfig status statusRaw errorMessage
      exportResults fileSizeMb validationPassed createdAt startedAt completedAt trainingJob deployments`,
    restricted: [{ to: admin, fields: 'exportPath processId' }],
  },
  Deployment: {
    rows: through('trainingJob'),
    fields: `id databaseId exportJobId trainingJobId type typeRaw name config endpointUrl containerImage packagePath
      runtimeWrapperLanguage status statusRaw errorMessage requestCount totalInferenceTimeMs avgLatencyMs
      lastRequestAt cpuLimit memoryLimit gpuEnabled createdAt deployedAt deactivatedAt exportJob trainingJob`,
    restricted: [{ to: admin, fields: 'containerRegistry' }],
  },
  DatasetSnapshot: {
    rows: any(admin, own('created_by_user_id', 'user'), usedBy('TrainingJob', 'datasetSnapshot')),
    fields: `id databaseId datasetId datasetVersionHash createdByUserId notes createdAt splitConfig creator dataset
      trainingJobs`,
    restricted: [{ to: admin, fields: 'storagePath snapshotMetadataPath' }],
  },
  ChatSession: {
    rows: own('user_id', 'user'),
    fields: 'id databaseId userId createdAt updatedAt state stateRaw user messages trainingJobs',
    restricted: [{ to: admin, fields: 'tempData' }],
  },
  ChatMessage: {
    rows: through('session'),
    fields: 'id databaseId sessionId role roleRaw content createdAt session',
  },

  User: {
    rows: any(inFull, own('organization_id', 'organization'), within('id', 'people')),
    fields: `id databaseId fullName avatarName badgeColor
      projects trainingJobs chatSessions datasetSnapshots memberships invitedMembers sentInvitations
      receivedInvitations`,
    restricted: [
      {
        to: inFull,
        fields: `email company companyCustom division divisionCustom department organizationId phoneNumber bio
          systemRole systemRoleRaw isActive createdAt updatedAt organization`,
      },
      { to: admin, fields: 'keycloakId passwordResetExpires' },
    ],
  },
  Organization: {
    rows: any(admin, labeler, own('id', 'organization')),
    fields: `id databaseId name company division maxUsers maxStorageGb maxGpuHoursPerMonth createdAt updatedAt
      users invitations projects`,
  },
  Invitation: {
    rows: any(admin, own('inviter_id', 'user'), own('invitee_id', 'user'), own('invitee_email', 'email')),
    fields: `id databaseId type typeRaw status statusRaw organizationId projectId datasetId inviterId inviteeEmail
      inviteeId inviteeRole inviteeRoleRaw message expiresAt createdAt acceptedAt organization project dataset inviter
      invitee`,
  },
  ProjectMember: {
    rows: any(admin, labeler, within('project_id', 'projects')),
    fields: 'id databaseId projectId userId role roleRaw invitedBy joinedAt project user inviter',
  },

  ModelVersion: {
    rows: engineers,
    fields:
      'id databaseId mlflowRunId version status statusRaw f1Score brierScore createdAt promotedAt decisions',
  },
  MonitoringMetric: {
    rows: engineers,
    fields: 'id databaseId timestamp type typeRaw name value metadata createdAt',
  },
  RetrainingDecision: {
    rows: engineers,
    fields: `id databaseId decisionTimestamp action actionRaw candidateMlflowRunId gateResults gates failedGate reasoning
      createdAt candidate`,
  },
  DecisionHistoryEntry: {
    rows: engineers,
    fields: `id databaseId decisionTimestamp action actionRaw candidateMlflowRunId modelVersion modelStatus modelStatusRaw
      f1Score brierScore reasoning gateResults gates failedGate`,
  },
  ModelTimelineEntry: {
    rows: engineers,
    fields: `id databaseId mlflowRunId version status statusRaw inProduction f1Score brierScore createdAt promotedAt`,
  },
  RecentMetric: {
    rows: engineers,
    fields: 'id databaseId type typeRaw name value timestamp metadata recencyRank',
  },

  SlurmJob: {
    rows: engineers,
    fields: `${job} progress startedAt id databaseId sbatchId foldIndex jobType jobTypeRaw status statusRaw startTime endTime errorMessage
      trainings inferences`,
    restricted: [{ to: admin, fields: 'sbatchContent' }],
  },
  Training: {
    rows: engineers,
    fields: 'id databaseId name jobId status statusRaw progress startTime endTime job models',
    restricted: [{ to: admin, fields: 'imagesPath labelsPath modelPath' }],
  },
  Model: {
    rows: engineers,
    fields: 'id databaseId trainingId name createdAt training inferences',
  },
  Inference: {
    rows: engineers,
    fields: `${job} progress startedAt id databaseId modelId jobId inputData prediction status statusRaw startTime endTime errorMessage createdAt
      updatedAt model job`,
    restricted: [{ to: admin, fields: 'outputDir' }],
  },

  Tenant: {
    rows: any(admin, own('id', 'tenant')),
    fields: `id databaseId name email status statusRaw billingPlan billingPlanRaw reservedCapacityTokensPerSec
      regionPreferences createdAt updatedAt deletedAt environments apiKeys usageRecords billingEvents
      notificationDeliveries notificationConfigs`,
  },
  TenantEnvironment: {
    rows: any(admin, own('tenant_id', 'tenant')),
    fields: `id databaseId tenantId name regionCode modelList quotaTokensPerDay quotaTokensPerMinute concurrencyLimit
      status statusRaw createdAt updatedAt tenant cloudRegion apiKeys usageRecords`,
  },
  TenantApiKey: {
    rows: any(admin, own('tenant_id', 'tenant')),
    fields: `id databaseId prefix tenantId environmentId userId name role roleRaw rateLimitTokensPerMin
      rateLimitRequestsPerMin concurrencyLimit status statusRaw createdAt lastUsedAt expiresAt tenant environment
      usageRecords`,
    restricted: [{ to: admin, fields: 'metadata' }],
  },
  UsageRecord: {
    rows: any(admin, own('tenant_id', 'tenant')),
    fields: `id databaseId requestId timestamp tenantId environmentId apiKeyId regionId modelId nodeId promptTokens
      completionTokens totalTokens cachedTokens latencyMs costMicrodollars billed billingFailed retryCount metadata
      tenant environment apiKey region model node`,
  },
  BillingEvent: {
    rows: any(admin, own('tenant_id', 'tenant')),
    fields: `id databaseId tenantId type typeRaw amountMicrodollars currency description periodStart periodEnd status
      statusRaw metadata createdAt processedAt tenant`,
  },
  NotificationDelivery: {
    rows: any(admin, own('tenant_id', 'tenant')),
    fields: `id databaseId eventId eventType eventTypeRaw tenantId channel channelRaw status statusRaw retryCount
      maxRetries responseStatus errorMessage createdAt sentAt failedAt nextRetryAt tenant`,
    restricted: [{ to: admin, fields: 'requestPayload responseBody' }],
  },
  NotificationConfig: {
    rows: any(admin, own('tenant_id', 'tenant')),
    fields: 'id databaseId tenantId channel channelRaw enabled eventTypes createdAt updatedAt tenant',
  },
  Region: {
    rows: signedIn,
    fields: `id databaseId code name country city cloudProviders costMultiplier status statusRaw createdAt updatedAt
      environments deployments nodes usageRecords`,
  },
  LlmModel: {
    rows: signedIn,
    fields: `id databaseId name family size type typeRaw contextLength vramRequiredGb
      priceInputPerMillion priceOutputPerMillion tokensPerSecondCapacity status statusRaw metadata createdAt updatedAt
      deployments nodes namedNodes usageRecords`,
  },
  LlmDeployment: {
    rows: signedIn,
    fields: `id databaseId name modelName minReplicas maxReplicas currentReplicas strategy strategyRaw provider
      regionCode gpuType status statusRaw createdAt updatedAt model cloudRegion nodes members`,
  },
  LlmNode: {
    rows: signedIn,
    fields: `id databaseId externalId provider providerRaw regionId instanceType gpuType vramTotalGb vramFreeGb modelId
      spotInstance spotPrice throughputTokensPerSec status statusRaw healthScore lastHeartbeatAt createdAt updatedAt
      terminatedAt clusterName modelName deploymentId region model namedModel deployment usageRecords cluster`,
    restricted: [{ to: admin, fields: 'endpointUrl internalIp endpoint' }],
  },

  SkyCluster: {
    rows: admin,
    fields: `id databaseId launchedAt lastUse status statusRaw autostop toDown metadata owner hash everUp
      statusUpdatedAt configHash userHash workspace isManaged nodes`,
    restricted: [{ to: admin, fields: 'lastCreationYaml lastCreationCommand provisionLogPath' }],
  },

  GpuUser: {
    rows: any(admin, own('user_id', 'gpuUser')),
    fields: 'id databaseId username email createdAt isActive apiKeys reservations disks',
  },
  GpuApiKey: {
    rows: any(admin, own('user_id', 'gpuUser')),
    fields: 'id databaseId userId keyPrefix createdAt expiresAt lastUsedAt isActive user',
    restricted: [{ to: admin, fields: 'description' }],
  },
  GpuType: {
    rows: signedIn,
    fields: `id databaseId instanceType maxGpus cpus memoryGb totalClusterGpus maxPerNode isActive createdAt updatedAt
      description availableGpus maxReservable fullNodesAvailable runningInstances desiredCapacity
      lastAvailabilityUpdate lastAvailabilityUpdatedBy availability reservations`,
  },
  GpuReservation: {
    rows: any(admin, ownGpuRow, listed('secondary_users', 'gpuUsername')),
    fields: `${job} progress startedAt id databaseId userId status statusRaw gpuTypeId gpuCount instanceType durationHours createdAt launchedAt
      expiresAt updatedAt name githubUser podName namespace nodePort jupyterEnabled jupyterPort jupyterError
      ebsVolumeId diskName failureReason currentDetailedStatus statusHistory statusHistoryRaw warning secondaryUsers
      isMultinode masterReservationId nodeIndex totalNodes cliVersion ebsAvailabilityZone domainName fqdn
      preserveEntrypoint oomCount lastOomAt oomContainer warningsSent lastWarningTime failedAt cancelledAt
      reservationEnded user gpuType disk attachedDisks masterReservation nodes domainMappings targetGroups`,
    restricted: [
      { to: ownGpuRow, fields: 'nodeIp sshCommand podLogs' },
      { to: admin, fields: 'jupyterUrl albConfig nodePrivateIp' },
    ],
  },
  GpuDisk: {
    rows: any(admin, ownGpuRow),
    fields: `id databaseId name userId sizeGb diskSize createdAt lastUsed inUse reservationId isBackingUp isDeleted
      deleteDate snapshotCount pendingSnapshotCount lastSnapshotAt operationId operationStatus operationStatusRaw
      operationError lastUpdated markedDeletedAt user reservation reservations`,
    restricted: [{ to: admin, fields: 'ebsVolumeId latestSnapshotContentS3' }],
  },
  DomainMapping: {
    rows: through('reservation'),
    fields: 'id databaseId nodePort reservationId expiresAt createdAt updatedAt reservation',
    restricted: [{ to: through('reservation', ownGpuRow), fields: 'nodeIp' }],
  },
  TargetGroup: {
    rows: through('reservation'),
    fields: 'id databaseId domainName expiresAt createdAt updatedAt reservation',
    restricted: [{ to: admin, fields: 'jupyterTargetGroupArn jupyterRuleArn' }],
  },
}

/**
 * Datasets are in no table of ours. Who sees one at all: whoever is signed in a public one, its owner, and whom the
 * Labeler's permission call names (`src/sources/labeler/dataset-loader.ts`); these of its fields are for fewer.
 */
const datasetFields: Readonly<Record<string, Rule>> = { storagePath: admin }

/** Who sees a field of a dataset, beyond seeing the dataset. */
export const datasetFieldRule = (field: string): Rule => datasetFields[field] ?? always

/**
 * Types that are no rows of a database, and not for everybody. Their rules speak of the viewer alone; a type that is in
 * neither table tells of what the viewer sees anyway.
 */
export const typePolicies: Readonly<Record<string, EntityPolicy>> = {
  // Why a database does not answer, and what it lacks, names hosts, roles and tables: the operators' matter.
  Source: {
    rows: signedIn,
    fields: 'name status since watching',
    restricted: [{ to: admin, fields: 'reason differences' }],
  },
  SourceWatching: {
    rows: signedIn,
    fields: 'state lagBytes',
    restricted: [{ to: admin, fields: 'reason unwatchedTables' }],
  },
}

const fieldRules = new Map(
  Object.entries({ ...entityPolicies, ...typePolicies }).map(([entity, { fields, restricted = [] }]) => [
    entity,
    new Map<string, Rule | 'with the row'>([
      ...names(fields).map((name) => [name, 'with the row'] as const),
      ...restricted.flatMap(({ to, fields: fewer }) => names(fewer).map((name) => [name, to] as const)),
    ]),
  ]),
)

function names(list: string): string[] {
  return list.split(/\s+/).filter(Boolean)
}

/** Who sees the rows of an entity, or what is of a type; nobody, where the table is silent. */
export const rowsRule = (type: string): Rule => (entityPolicies[type] ?? typePolicies[type])?.rows ?? never

/** Who sees a field of an entity, beyond seeing the row; undefined where the table is silent. */
export const fieldRule = (entity: string, field: string): Rule | 'with the row' | undefined =>
  fieldRules.get(entity)?.get(field)

/** Every field that the table names, to find those that no longer exist. */
export const namedFields = (): readonly string[] =>
  [...fieldRules].flatMap(([entity, fields]) => [...fields.keys()].map((field) => `${entity}.${field}`))
