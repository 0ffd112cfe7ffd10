import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type GpuDevWorld, globalId, openGpuDevWorld } from './gpudev-world.ts'

let world: GpuDevWorld

beforeAll(async () => {
  world = await openGpuDevWorld()
})

afterAll(() => world[Symbol.asyncDispose]())

afterEach(async () => {
  await world.client.query(
    'DELETE FROM pgmq.q_gpu_reservations; DELETE FROM pgmq.a_gpu_reservations; DELETE FROM reservations',
  )
})

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const moment = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/
const request = 'state messageId reservationId gpuReservation { databaseId }'
const idOf = (key: string) => globalId('GpuReservation', key)
const wanted = { gpuType: 'h100', gpuCount: 2 }

describe('asking for GPUs', () => {
  it('puts the message of the service’s own API on its queue, and answers its number', async () => {
    const answer = await world.perform(
      'createGpuReservation',
      {
        ...wanted,
        durationHours: 4,
        githubUser: 'octocat',
        jupyterEnabled: true,
        dockerImage: 'pytorch:2',
        diskName: 'home',
        diskSizeGb: 100,
        envVars: { WANDB: 'off' },
        command: 'sleep 1',
      },
      request,
    )
    const [sent, ...others] = await world.messages()
    expect(others).toEqual([])
    const id = sent?.message.reservation_id as string
    expect(id).toMatch(uuid)
    expect(answer).toEqual({
      __typename: 'CreateGpuReservationSuccess',
      state: 'REQUESTED',
      messageId: sent?.id,
      reservationId: id,
      gpuReservation: null,
    })
    expect(sent?.message).toEqual({
      action: 'create_reservation',
      job_id: id,
      reservation_id: id,
      user_id: 'gina',
      username: 'gina',
      gpu_type: 'h100',
      gpu_count: 2,
      github_user: 'octocat',
      jupyter_enabled: true,
      name: `gpu-dev-${id.slice(0, 8)}`,
      version: '0.4.0',
      dockerimage: 'pytorch:2',
      instance_type: null,
      duration_hours: 4,
      disk_name: 'home',
      disk_size_gb: 100,
      env_vars: { WANDB: 'off' },
      command: 'sleep 1',
      submitted_at: expect.stringMatching(moment),
      created_at: expect.stringMatching(moment),
      status: 'queued',
      _metadata: { retry_count: 0, max_retries: 3, created_at: expect.stringMatching(moment) },
    })
    const { rowCount } = await world.client.query('SELECT FROM reservations')
    expect(rowCount).toBe(0)
  })

  it('says what is not said as the service’s own API does', async () => {
    await world.perform('createGpuReservation', { gpuType: 'cpu-arm', gpuCount: 0 })
    const [sent] = await world.messages()
    expect(sent?.message).toMatchObject({
      gpu_count: 0,
      github_user: '',
      jupyter_enabled: false,
      duration_hours: 8,
      disk_name: null,
      disk_size_gb: null,
      env_vars: {},
      command: null,
    })
  })

  it.each([
    ['gpuType', { gpuType: 'H100' }],
    ['gpuType', { gpuType: 'v100' }],
    ['gpuCount', { gpuCount: 3 }],
    ['gpuCount', { gpuCount: 0 }],
    ['gpuCount', { gpuType: 'cpu-x86', gpuCount: 1 }],
    ['durationHours', { durationHours: 0 }],
    ['durationHours', { durationHours: 73 }],
    ['diskName', { diskName: 'my disk' }],
    ['diskSizeGb', { diskSizeGb: 9 }],
    ['diskSizeGb', { diskSizeGb: 10_001 }],
    ['envVars', { envVars: ['A'] }],
    ['envVars', { envVars: { A: 1 } }],
    ['envVars', { envVars: { 'A=B': 'c' } }],
    ['githubUser', { githubUser: '../torvalds' }],
    ['name', { name: ' ' }],
    ['command', { command: 'a\u0000' }],
  ])('refuses a %s out of bounds before anything is sent: %j', async (field, odd) => {
    const answer = await world.perform('createGpuReservation', { ...wanted, ...odd })
    expect(answer).toMatchObject({ __typename: 'InvalidInput', field })
    expect(await world.messages()).toEqual([])
  })

  it('asks once for one idempotency key, also when it is sent by many at once', async () => {
    const input = { ...wanted, idempotencyKey: 'one' }
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => world.perform('createGpuReservation', input, request)),
    )
    const sent = await world.messages()
    expect(sent).toHaveLength(1)
    expect(new Set(answers.map(({ reservationId }) => reservationId))).toEqual(
      new Set([sent[0]?.message.reservation_id]),
    )
    const other = await world.perform('createGpuReservation', { ...input, gpuCount: 4 })
    expect(other.__typename).toBe('IdempotencyKeyReused')
    const hals = await world.perform('createGpuReservation', input, request, { token: world.keys.hal })
    expect(hals.reservationId).not.toBe(answers[0]?.reservationId)
    expect(await world.messages()).toHaveLength(2)
  })

  it('does not ask again where the service has taken the message, and the gateway broke off before it noted so', async () => {
    const input = { ...wanted, idempotencyKey: 'broken off' }
    const first = await world.perform('createGpuReservation', input, request)
    await world.addReservation(first.reservationId as string, { status: 'pending' })
    await world.client.query('DELETE FROM pgmq.q_gpu_reservations')
    const { state } = world
    await state.query(`UPDATE tributary.idempotency_keys SET answer = jsonb_set(answer, '{done}', 'false')`)
    const second = await world.perform('createGpuReservation', input, request)
    expect(second).toEqual({
      ...first,
      messageId: null,
      gpuReservation: { databaseId: first.reservationId },
    })
    expect(await world.messages()).toEqual([])
  })
})

describe('asking for something of a reservation', () => {
  const actions = [
    ['cancelGpuReservation', {}, { action: 'cancel' }],
    ['extendGpuReservation', { hours: 4 }, { action: 'extend', extension_hours: 4, version: '0.4.0' }],
    ['enableGpuReservationJupyter', {}, { action: 'enable_jupyter' }],
    ['disableGpuReservationJupyter', {}, { action: 'disable_jupyter' }],
    [
      'addGpuReservationUser',
      { githubUsername: 'octo-cat' },
      { action: 'add_user', github_username: 'octo-cat' },
    ],
  ] as const

  it.each(actions)('%s puts its message on the queue', async (name, input, says) => {
    await world.addReservation('r1')
    const answer = await world.perform(name, { id: idOf('r1'), ...input }, request)
    const [sent, ...others] = await world.messages()
    expect(others).toEqual([])
    expect(answer).toMatchObject({
      state: 'REQUESTED',
      messageId: sent?.id,
      reservationId: 'r1',
      gpuReservation: { databaseId: 'r1' },
    })
    expect(sent?.message).toEqual({
      job_id: 'r1',
      reservation_id: 'r1',
      user_id: 'gina',
      username: 'gina',
      ...says,
      requested_at: expect.stringMatching(moment),
      _metadata: { retry_count: 0, max_retries: 3, created_at: expect.stringMatching(moment) },
    })
  })

  const live = ['pending', 'queued', 'preparing', 'active']
  const ended = ['expired', 'failed', 'cancelled', 'reticulating']
  const statuses = [...live, 'creating_server', 'running', ...ended]
  const possible: Readonly<Record<string, readonly string[]>> = {
    cancelGpuReservation: live,
    extendGpuReservation: ['preparing', 'active'],
  }

  it.each(actions)('%s is refused in every status that does not allow it', async (name, input) => {
    const allowed = possible[name] ?? ['active']
    for (const status of statuses) {
      await world.addReservation(status, { status })
      const answer = await world.perform(name, { id: idOf(status), ...input })
      const isAllowed = allowed.includes(status)
      expect(answer.__typename, status).toBe(
        isAllowed ? `${name.charAt(0).toUpperCase()}${name.slice(1)}Success` : 'NotInStatus',
      )
      if (!isAllowed)
        expect(answer.allowed?.toSorted()).toEqual(allowed.map((one) => one.toUpperCase()).toSorted())
    }
    expect((await world.messages()).map(({ message }) => message.job_id)).toEqual(
      statuses.filter((status) => allowed.includes(status)),
    )
  })

  it.each(actions)('%s of what is not one’s own sends nothing', async (name, input) => {
    await world.addReservation('hals', { user_id: 'hal' })
    await world.addReservation('shared', { user_id: 'hal', secondary_users: '["gina"]' })
    // Of the user who is called 1, not of gina, who has that number.
    await world.addReservation('numeric', { user_id: '1' })
    const answers = await Promise.all(
      ['hals', 'shared', 'numeric', 'none'].map((key) => world.perform(name, { id: idOf(key), ...input })),
    )
    expect(answers.map(({ __typename }) => __typename)).toEqual([
      'NotFound',
      'NotPermitted',
      'NotFound',
      'NotFound',
    ])
    expect(await world.messages()).toEqual([])
  })

  it('goes by the name, also for a row of old that has the number', async () => {
    await world.addReservation('old', { user_id: '2' })
    await world.perform('cancelGpuReservation', { id: idOf('old') }, '', { token: world.keys.hal })
    const [sent] = await world.messages()
    expect(sent?.message).toMatchObject({ job_id: 'old', user_id: 'hal', username: 'hal' })
  })

  it('lasts 48 hours from the launch at most, however it is extended', async () => {
    await world.addReservation('r1')
    expect(await world.perform('extendGpuReservation', { id: idOf('r1'), hours: 41 })).toMatchObject({
      __typename: 'InvalidInput',
      field: 'hours',
    })
    await world.addReservation('r2', { status: 'preparing', launched_at: null, expires_at: null })
    for (const [hours, typename] of [
      [40, 'ExtendGpuReservationSuccess'],
      [41, 'InvalidInput'],
      [0, 'InvalidInput'],
      [73, 'InvalidInput'],
    ] as const)
      expect(
        (await world.perform('extendGpuReservation', { id: idOf('r2'), hours })).__typename,
        `${hours}`,
      ).toBe(typename)
  })

  it.each([
    ['infinity', 'now', 'InvalidInput'],
    ['infinity', 'infinity', 'InvalidInput'],
    ['294276-12-31', 'now', 'InvalidInput'],
    ['294276-12-31', '4713-01-01 BC', 'InvalidInput'],
    ['-infinity', '-infinity', 'ExtendGpuReservationSuccess'],
    ['now', '-infinity', 'ExtendGpuReservationSuccess'],
    ['0044-03-15 BC', 'now', 'ExtendGpuReservationSuccess'],
  ])('that ends at %s, launched at %s, is extended or refused: %s', async (expires, launched, typename) => {
    await world.addReservation('odd', { expires_at: expires, launched_at: launched })
    const answer = await world.perform('extendGpuReservation', { id: idOf('odd'), hours: 1 })
    expect(answer.__typename).toBe(typename)
  })

  it('is for GPU Dev’s own users: not for a person of the platform, nor for nobody', async () => {
    await world.addReservation('r1')
    expect((await world.perform('cancelGpuReservation', { id: idOf('r1') }, '', {})).__typename).toBe(
      'NotSignedIn',
    )
    expect(await world.messages()).toEqual([])
  })

  it('is refused where the user was locked since the key was looked up', async () => {
    await world.addReservation('hals', { user_id: 'hal' })
    const asking = { token: world.keys.hal }
    await world.ask('{ viewer { kind } }', asking)
    await world.client.query('UPDATE api_users SET is_active = false WHERE user_id = 2')
    const answer = await world.perform('cancelGpuReservation', { id: idOf('hals') }, '', asking)
    await world.client.query('UPDATE api_users SET is_active = true WHERE user_id = 2')
    expect(answer.__typename).toBe('NotPermitted')
    expect(await world.messages()).toEqual([])
  })

  it('is noted in the audit log with whom, what and the message', async () => {
    await world.addReservation('r1')
    await world.perform('cancelGpuReservation', { id: idOf('r1') })
    const [sent] = await world.messages()
    const { state } = world
    const { rows } = await state.query(
      `SELECT actor, action, target, outcome, detail FROM tributary.audit_log ORDER BY id DESC LIMIT 1`,
    )
    expect(rows).toEqual([
      {
        actor: 'gpu-user:1',
        action: 'cancelGpuReservation',
        target: 'gpuReservation:r1',
        outcome: 'SUCCESS',
        detail: { messageId: sent?.id },
      },
    ])
  })
})

describe('where messages cannot be sent', () => {
  it.each([
    ['the schema', 'DROP SCHEMA pgmq CASCADE', /no function pgmq\.send/],
    ['the function', 'DROP FUNCTION pgmq.send(text, jsonb)', /no function pgmq\.send/],
    ['the queue', 'DROP TABLE pgmq.q_gpu_reservations', /no queue gpu_reservations/],
  ])('a missing %s is NOT_AVAILABLE, and says so', async (_what, statement, message) => {
    await using without = await openGpuDevWorld()
    await without.client.query(statement)
    for (const idempotencyKey of [undefined, 'key']) {
      const answer = await without.perform('createGpuReservation', { ...wanted, idempotencyKey })
      expect(answer).toMatchObject({ __typename: 'NotAvailable', code: 'NOT_AVAILABLE' })
      expect(answer.message).toMatch(message)
    }
  })

  it('other queues are used where the environment names them', async () => {
    await using other = await openGpuDevWorld({ GPUDEV_RESERVATION_QUEUE: 'elsewhere' })
    await other.client.query(`SELECT pgmq."create"('elsewhere')`)
    await other.perform('createGpuReservation', wanted)
    expect(await other.messages('elsewhere')).toHaveLength(1)
    expect(await other.messages()).toEqual([])
  })
})
