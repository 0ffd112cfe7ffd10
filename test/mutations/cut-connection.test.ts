import { expect, it } from 'vitest'
import { cloneDatabases } from '../support/databases.ts'
import { startGateway } from '../support/gateway.ts'

it('a database connection that is cut under a waiting mutation fails that mutation, and nothing else', async () => {
  await using databases = await cloneDatabases({ seeded: true })
  await using gateway = await startGateway({ urls: databases.urls })
  const { signIn } = await gateway.query<{ signIn: { tokens: { accessToken: string } } }>(
    `mutation { signIn(input: { email: "engineer@tributary.test", password: "tributary" }) { ... on SignInSuccess { tokens { accessToken } } } }`,
  )
  const { project } = await gateway.query<{ project: { id: string } }>('{ project(databaseId: 1) { id } }')

  const locker = await databases.client('platform')
  await locker.query('BEGIN')
  await locker.query('SELECT FROM projects WHERE id = 1 FOR UPDATE')
  const answer = fetch(gateway.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${signIn.tokens.accessToken}` },
    body: JSON.stringify({
      query: `mutation ($id: ID!) { updateProject(input: { id: $id, description: "x" }) { __typename } }`,
      variables: { id: project.id },
    }),
  })
  const admin = await databases.client('platform')
  for (let cut = 0; cut === 0; ) {
    const { rowCount } = await admin.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND wait_event_type = 'Lock' AND application_name LIKE 'tributary%'`,
    )
    cut = rowCount ?? 0
  }

  const { errors } = (await (await answer).json()) as { errors: { extensions: { code: string } }[] }
  expect(errors[0]?.extensions.code).toBe('SOURCE_UNAVAILABLE')
  await locker.query('ROLLBACK')
  await gateway.logged(
    (line) =>
      line.msg === 'platform is available' &&
      gateway.log.indexOf(line) > gateway.log.findIndex(({ msg }) => msg?.includes('is unavailable')),
  )
  expect(await gateway.query('{ project(databaseId: 1) { databaseId } }')).toEqual({
    project: { databaseId: 1 },
  })
})
