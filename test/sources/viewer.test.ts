import { expect, it } from 'vitest'
import { cloneDatabases } from '../support/databases.ts'
import { startGateway } from '../support/gateway.ts'

const document = '{ viewer { kind way systemRole service user { email systemRole } abilities } }'

it('tells the anonymous and the signed-in who they are, how they came, and what they may', async () => {
  await using databases = await cloneDatabases({ seeded: true })
  await using gateway = await startGateway({ urls: databases.urls, open: false })
  expect(await gateway.query(document)).toEqual({
    viewer: {
      kind: 'ANONYMOUS',
      way: null,
      systemRole: null,
      service: null,
      user: null,
      abilities: [],
    },
  })

  const asked = async (email: string, audience: string) => {
    const { signIn } = await gateway.query<{ signIn: { tokens: { accessToken: string } } }>(
      `mutation ($email: String!, $audience: Audience!) {
        signIn(input: { email: $email, password: "tributary", audience: $audience }) { ... on SignInSuccess { tokens { accessToken } } }
      }`,
      { email, audience },
    )
    const response = await fetch(gateway.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${signIn.tokens.accessToken}` },
      body: JSON.stringify({ query: document }),
    })
    return ((await response.json()) as { data: { viewer: object } }).data.viewer
  }
  expect(await asked('engineer@tributary.test', 'TRIBUTARY')).toEqual({
    kind: 'USER',
    way: 'ACCESS_TOKEN',
    systemRole: 'STANDARD_ENGINEER',
    service: null,
    user: { email: 'engineer@tributary.test', systemRole: 'STANDARD_ENGINEER' },
    abilities: ['READ_OWN_PROJECTS', 'READ_CLUSTER', 'WRITE'],
  })
  expect(await asked('guest@tributary.test', 'LABELER')).toMatchObject({
    way: 'ACCESS_TOKEN',
    user: { email: 'guest@tributary.test' },
    abilities: ['READ_ACCOUNTS'],
  })
})
