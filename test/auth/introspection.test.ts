import { getIntrospectionQuery } from 'graphql'
import { expect, it } from 'vitest'
import { RawWebSocket } from '../server/raw-web-socket.ts'
import { ask, signedIn, startSignInWorld } from './sign-in-kit.ts'

const hidden = '{ ...schema } fragment schema on Query { __type(name: "User") { name } }'

it('in production the schema is told to who has signed in, and to nobody else', async () => {
  await using world = await startSignInWorld({
    NODE_ENV: 'production',
    AUTH_ISSUER: 'https://graph.example.org',
  })
  const { gateway } = world
  for (const document of [getIntrospectionQuery(), hidden]) {
    const { data, errors } = await ask(gateway, document)
    expect(data ?? null).toBeNull()
    expect(errors).toMatchObject([{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } }])
  }
  expect(await ask(gateway, '{ viewer { kind } }')).toEqual({ data: { viewer: { kind: 'ANONYMOUS' } } })

  await world.person({ email: 'ada@example.org' })
  const { accessToken: token } = await signedIn(gateway, 'ada@example.org')
  expect(await ask(gateway, getIntrospectionQuery(), {}, { token })).toMatchObject({
    data: { __schema: { queryType: { name: 'Query' } } },
  })
  expect(await ask(gateway, hidden, {}, { token })).toEqual({ data: { __type: { name: 'User' } } })

  using socket = await RawWebSocket.connect(gateway.url, { authorization: `Bearer ${token}` })
  socket.subscribe('1', hidden)
  expect(await socket.next()).toMatchObject({ type: 'next', payload: { data: { __type: { name: 'User' } } } })
})
