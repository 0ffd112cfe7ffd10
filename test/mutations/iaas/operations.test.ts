import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { globalId } from '../platform/platform-world.ts'
import { type IaasWorld, openIaasWorld, type Who } from './iaas-world.ts'

let world: IaasWorld

beforeAll(async () => {
  world = await openIaasWorld()
})

afterAll(() => world[Symbol.asyncDispose]())

describe('a deployment', () => {
  const deployment = async (status: string) => {
    const { rows } = await world.iaas.query<{ id: string }>(
      `INSERT INTO deployments (name, model_name, min_replicas, max_replicas, status)
       VALUES (gen_random_uuid(), 'm', 2, 4, $1) RETURNING id`,
      [status],
    )
    return rows[0]?.id as string
  }
  const change = (name: string, key: string, who: Who = 'admin', input: object = {}) =>
    world.perform(
      name,
      { id: globalId('LlmDeployment', key), ...input },
      who,
      'llmDeployment { status minReplicas maxReplicas }',
    )

  it('is paused and resumed by administrators, each from where it can be', async () => {
    const key = await deployment('active')
    expect(await change('pauseLlmDeployment', key)).toMatchObject({ llmDeployment: { status: 'PAUSED' } })
    expect(await change('pauseLlmDeployment', key)).toMatchObject({
      __typename: 'IllegalTransition',
      from: 'PAUSED',
      to: 'PAUSED',
      allowed: ['ACTIVE'],
    })
    expect(await change('resumeLlmDeployment', key)).toMatchObject({ llmDeployment: { status: 'ACTIVE' } })
    const gone = await deployment('deleted')
    expect(await change('resumeLlmDeployment', gone)).toMatchObject({
      __typename: 'IllegalTransition',
      from: 'DELETED',
      allowed: [],
    })
  })

  it('is not for others, though they see it', async () => {
    const key = await deployment('active')
    expect((await change('pauseLlmDeployment', key, 'engineer')).__typename).toBe('NotPermitted')
    expect((await change('pauseLlmDeployment', key, 'tenantAdmin')).__typename).toBe('NotPermitted')
    expect((await change('scaleLlmDeployment', key, 'engineer', { minReplicas: 0 })).__typename).toBe(
      'NotPermitted',
    )
    expect(await world.row('deployments', key)).toMatchObject({ status: 'active', min_replicas: 2 })
  })

  it.each([
    [{ minReplicas: 4 }, { minReplicas: 4, maxReplicas: 4 }],
    [{ maxReplicas: 2 }, { minReplicas: 2, maxReplicas: 2 }],
    [
      { minReplicas: 0, maxReplicas: 9 },
      { minReplicas: 0, maxReplicas: 9 },
    ],
  ])('scaled to %j has %j', async (input, expected) => {
    const key = await deployment('active')
    expect(await change('scaleLlmDeployment', key, 'admin', input)).toMatchObject({ llmDeployment: expected })
  })

  it.each([
    [{ minReplicas: 5 }, 'minReplicas'],
    [{ maxReplicas: 1 }, 'maxReplicas'],
    [{ minReplicas: 3, maxReplicas: 2 }, 'minReplicas'],
    [{ minReplicas: -1 }, 'minReplicas'],
    [{}, 'input'],
  ])('cannot be scaled to %j', async (input, field) => {
    const key = await deployment('active')
    expect(await change('scaleLlmDeployment', key, 'admin', input)).toMatchObject({
      __typename: 'InvalidInput',
      field,
    })
    expect(await world.row('deployments', key)).toMatchObject({ min_replicas: 2, max_replicas: 4 })
  })

  it('keeps its least below its most, whoever else scales it at the same time', async () => {
    const key = await deployment('active')
    await Promise.all([
      change('scaleLlmDeployment', key, 'admin', { minReplicas: 4 }),
      change('scaleLlmDeployment', key, 'admin', { maxReplicas: 2 }),
    ])
    const row = await world.row('deployments', key)
    expect(Number(row?.min_replicas)).toBeLessThanOrEqual(Number(row?.max_replicas))
    const gone = await deployment('deleted')
    expect((await change('scaleLlmDeployment', gone, 'admin', { minReplicas: 1 })).__typename).toBe(
      'DeploymentDeleted',
    )
  })
})

describe('a notification channel', () => {
  const destination = 'https://hooks.example/top-secret-4711'
  const selection = 'notificationConfig { id databaseId channel enabled eventTypes }'
  const set = (input: object, who: Who = 'developer') =>
    world.perform('setNotificationConfig', { channel: 'DISCORD', ...input }, who, selection)

  beforeAll(() => world.iaas.query('DELETE FROM notification_config WHERE tenant_id = $1', [world.tenant]))

  it('is made, changed and switched, and never tells where it goes', async () => {
    const made = await set({ destination, eventTypes: ['APIKEY_REVOKED', 'PAYMENT_FAILED'] })
    const { notificationConfig } = made as unknown as {
      notificationConfig: { id: string; databaseId: string }
    }
    expect(notificationConfig).toMatchObject({
      channel: 'DISCORD',
      enabled: true,
      eventTypes: ['apikey.revoked', 'payment.failed'],
    })
    const key = notificationConfig.databaseId
    expect(await world.row('notification_config', key)).toMatchObject({
      destination,
      tenant_id: world.tenant,
    })
    expect(await set({ enabled: false })).toMatchObject({
      notificationConfig: {
        databaseId: key,
        enabled: false,
        eventTypes: ['apikey.revoked', 'payment.failed'],
      },
    })
    expect(await set({ eventTypes: null })).toMatchObject({ notificationConfig: { eventTypes: [] } })
    expect(await world.row('notification_config', key)).toMatchObject({ destination, event_types: null })
    const turn = (name: string, who: Who) =>
      world.perform(name, { id: notificationConfig.id }, who, selection)
    expect(await turn('enableNotificationConfig', 'tenantAdmin')).toMatchObject({
      notificationConfig: { enabled: true },
    })
    expect(await turn('disableNotificationConfig', 'admin')).toMatchObject({
      notificationConfig: { enabled: false },
    })
    expect((await turn('enableNotificationConfig', 'readOnly')).__typename).toBe('NotPermitted')
    expect((await turn('enableNotificationConfig', 'stranger')).__typename).toBe('NotFound')

    expect(JSON.stringify([made, world.gateway.log])).not.toContain('top-secret')
    const platform = await world.databases.client('platform')
    const { rows } = await platform.query('SELECT a::text AS line FROM tributary.audit_log a')
    expect(JSON.stringify(rows)).toContain(`notificationConfig:${key}`)
    expect(JSON.stringify(rows)).not.toContain('top-secret')
  })

  it('is one, however many make it at the same time', async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => set({ channel: 'SLACK', destination })))
    expect(new Set(answers.map(({ notificationConfig }) => JSON.stringify(notificationConfig))).size).toBe(1)
  })

  it.each([
    [{ channel: 'EMAIL', destination: 'https://hooks.example/private-4712' }, 'destination'],
    [{ channel: 'WEBHOOK', destination: 'ftp://hooks.example/private-4712' }, 'destination'],
    [{ channel: 'WEBHOOK', destination: 'private-4712' }, 'destination'],
    [{ channel: 'WEBHOOK', destination: '' }, 'destination'],
    [{ channel: 'WEBHOOK' }, 'destination'],
    [{ channel: 'UNKNOWN', destination }, 'channel'],
    [{ channel: 'WEBHOOK', destination, eventTypes: ['UNKNOWN'] }, 'eventTypes'],
  ])('is refused with %j', async (input, field) => {
    const answer = await set(input)
    expect(answer).toMatchObject({ __typename: 'InvalidInput', field })
    expect(JSON.stringify(answer)).not.toContain('4712')
  })

  it('is the tenant’s own, of whom administrators have to say which', async () => {
    expect(await set({ destination }, 'admin')).toMatchObject({ __typename: 'InvalidInput', field: 'tenant' })
    const tenant = globalId('Tenant', world.otherTenant)
    expect((await set({ destination, tenant }, 'developer')).__typename).toBe('NotFound')
    expect((await set({ destination, tenant }, 'engineer')).__typename).toBe('NotFound')
    expect((await set({ destination }, 'readOnly')).__typename).toBe('NotPermitted')
    expect((await set({ destination, tenant }, 'admin')).__typename).toBe('SetNotificationConfigSuccess')
  })
})
