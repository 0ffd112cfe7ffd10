import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { ask, perform, rightPassword, type SignInWorld, signedIn, startSignInWorld } from './sign-in-kit.ts'

let world: SignInWorld

beforeAll(async () => {
  world = await startSignInWorld({ LOG_LEVEL: 'debug' })
})

afterAll(() => world[Symbol.asyncDispose]())

async function audit() {
  const { rows } = await world.state.query(
    `SELECT actor, action, target, outcome, detail, address, finished_at >= at AS finished
     FROM tributary.audit_log ORDER BY id`,
  )
  await world.state.query('TRUNCATE tributary.audit_log')
  return rows
}

it('every mutation has an audit row: who, what, where from, what became of it', async () => {
  const id = await world.person({ email: 'audited@example.org' })
  const email = 'audited@example.org'
  const address = '198.51.100.9'
  const at = { address }
  await perform(world.gateway, 'signIn', { email, password: 'wrong' }, at)
  await perform(world.gateway, 'signIn', { email: 'nobody@example.org', password: 'wrong' }, at)
  const { tokens } = await perform(world.gateway, 'signIn', { email, password: rightPassword }, at)
  const refreshToken = tokens?.refreshToken
  await perform(world.gateway, 'refreshToken', { refreshToken }, at)
  await perform(world.gateway, 'refreshToken', { refreshToken }, at)
  const { accessToken: token } = await signedIn(world.gateway, email)
  await perform(
    world.gateway,
    'changePassword',
    { oldPassword: rightPassword, newPassword: 'short' },
    { token, ...at },
  )
  await perform(world.gateway, 'signOut', {}, { token, ...at })
  const user = `user:${id}`
  const row = { address, finished: true, detail: null }
  const rows = (await audit()).filter((one) => one.address === address)
  expect(rows).toEqual([
    {
      ...row,
      actor: 'anonymous',
      action: 'signIn',
      target: user,
      outcome: 'INVALID_CREDENTIALS',
      detail: { audience: 'tributary' },
    },
    {
      ...row,
      actor: 'anonymous',
      action: 'signIn',
      target: null,
      outcome: 'INVALID_CREDENTIALS',
      detail: { audience: 'tributary' },
    },
    {
      ...row,
      actor: 'anonymous',
      action: 'signIn',
      target: user,
      outcome: 'SUCCESS',
      detail: { audience: 'tributary' },
    },
    { ...row, actor: 'anonymous', action: 'refreshToken', target: user, outcome: 'SUCCESS' },
    {
      ...row,
      actor: 'anonymous',
      action: 'refreshToken',
      target: user,
      outcome: 'INVALID_REFRESH_TOKEN',
      detail: { reason: 'reuse' },
    },
    { ...row, actor: user, action: 'changePassword', target: user, outcome: 'PASSWORD_UNSUITABLE' },
    { ...row, actor: user, action: 'signOut', target: user, outcome: 'SUCCESS' },
  ])
})

it('nothing is done that cannot be recorded', async () => {
  const email = 'unrecorded@example.org'
  const id = await world.person({ email })
  await world.state.query('ALTER TABLE tributary.audit_log RENAME TO audit_log_away')
  const outcome = await perform(world.gateway, 'signIn', { email, password: rightPassword })
  await world.state.query('ALTER TABLE tributary.audit_log_away RENAME TO audit_log')
  expect(outcome.code).toBe('GATEWAY_STATE_MISSING')
  expect(
    (await world.state.query('SELECT FROM tributary.user_sessions WHERE user_id = $1', [id])).rowCount,
  ).toBe(0)
  expect((await perform(world.gateway, 'signIn', { email, password: rightPassword })).tokens).toBeDefined()
})

it('a client that goes away leaves a finished row behind', async () => {
  await world.person({ email: 'hasty@example.org', cost: 10 })
  await audit()
  const body = JSON.stringify({
    query: 'mutation ($input: SignInInput!) { signIn(input: $input) { __typename } }',
    variables: { input: { email: 'hasty@example.org', password: rightPassword } },
  })
  const hasty = new AbortController()
  const request = fetch(world.gateway.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
    signal: hasty.signal,
  })
  await vi.waitFor(async () => {
    const { rowCount } = await world.state.query('SELECT FROM tributary.audit_log')
    expect(rowCount).toBe(1)
  })
  hasty.abort()
  await expect(request).rejects.toThrow()
  await vi.waitFor(async () => {
    const { rows } = await world.state.query('SELECT outcome FROM tributary.audit_log')
    expect(rows).toEqual([{ outcome: expect.any(String) }])
  })
})

it('no secret is in the log, the audit, an error or the gateway’s state', async () => {
  const [password, changed, typed] = ['sentinel-password-1', 'sentinel-password-2', 'sentinel-password-3']
  const email = 'sentinel@example.org'
  await world.person({ email, password })
  const first = await signedIn(world.gateway, email, { password })
  const { tokens: second } = await perform(world.gateway, 'refreshToken', {
    refreshToken: first.refreshToken,
  })
  const token = second?.accessToken ?? ''
  const labeler = await perform(world.gateway, 'labelerSignIn', {}, { token })
  const change = (oldPassword: string) =>
    perform(world.gateway, 'changePassword', { oldPassword, newPassword: changed }, { token })
  const answers: unknown[] = [
    await perform(world.gateway, 'signIn', { email: typed, password: typed }),
    await perform(world.gateway, 'signIn', { email, password: typed }),
    await change(typed),
  ]
  // Postgres quotes a row that breaks a constraint.
  await world.users.query("ALTER TABLE users ADD CONSTRAINT never CHECK (email = '') NOT VALID")
  await expect(change(password)).rejects.toThrow('INTERNAL')
  await world.users.query('ALTER TABLE users DROP CONSTRAINT never')
  await world.state.query("ALTER TABLE tributary.refresh_tokens ADD CHECK (issued_at = 'infinity') NOT VALID")
  await expect(signedIn(world.gateway, email, { password })).rejects.toThrow('INTERNAL')
  answers.push(
    await change(password),
    await perform(world.gateway, 'refreshToken', { refreshToken: first.refreshToken }),
    await ask(world.gateway, '{ __typename }', {}, { token }),
  )
  const { rows } = await world.state.query<{ text: string }>(
    `SELECT row_to_json(s)::text AS text FROM tributary.user_sessions s
     UNION ALL SELECT row_to_json(t)::text FROM tributary.refresh_tokens t
     UNION ALL SELECT row_to_json(a)::text FROM tributary.audit_log a
     UNION ALL SELECT row_to_json(l)::text FROM tributary.sign_in_attempts l`,
  )
  const seen = JSON.stringify([world.gateway.log, answers])
  expect(seen).toContain('violates check constraint')
  const secrets = [
    password,
    changed,
    typed,
    first.accessToken,
    first.refreshToken,
    second?.accessToken ?? '',
    second?.refreshToken ?? '',
    labeler.token ?? '',
  ]
  expect(
    secrets.filter((secret) => secret === '' || `${seen}${JSON.stringify(rows)}`.includes(secret)),
  ).toEqual([])
  expect(seen).not.toContain('$2b$')
  expect(seen).not.toMatch(/\\x[0-9a-f]{64}/)
})
