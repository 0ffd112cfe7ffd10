import { afterAll, beforeAll, expect, it } from 'vitest'
import { RawWebSocket } from '../server/raw-web-socket.ts'
import { perform, type SignInWorld, signedIn, startSignInWorld } from './sign-in-kit.ts'

let world: SignInWorld
let count = 0

beforeAll(async () => {
  world = await startSignInWorld()
})

afterAll(() => world[Symbol.asyncDispose]())

/** Somebody with a socket open. */
async function connected(gateway = world.gateway) {
  const email = `socket-${++count}@example.org`
  const id = await world.person({ email })
  const { accessToken } = await signedIn(gateway, email)
  const socket = await RawWebSocket.connect(gateway.url, { authorization: `Bearer ${accessToken}` })
  return { id, accessToken, socket }
}

const milliseconds = async (wait: Promise<unknown>) => {
  const begun = performance.now()
  await wait
  return performance.now() - begun
}

it.each([
  ['locked', 'UPDATE users SET is_active = false WHERE id = $1'],
  ['deleted', 'DELETE FROM users WHERE id = $1'],
])(
  'a socket ends within seconds when its account is %s by another program, and others stay',
  async (_, sql) => {
    const [one, other] = [await connected(), await connected()]
    using socket = one.socket
    using untouched = other.socket
    const closing = socket.closed
    await world.users.query(sql, [one.id])
    // About a second; more is for a machine that is busy.
    expect(await milliseconds(closing)).toBeLessThan(5_000)
    expect(await closing).toEqual({ code: 4403, reason: 'Token revoked' })
    untouched.send({ type: 'ping' })
    expect(await untouched.next()).toMatchObject({ type: 'pong' })
  },
)

it('a socket ends when its person signs out everywhere, on another replica too', async () => {
  await using replica = await world.replica()
  const { socket, accessToken } = await connected(replica)
  using _ = socket
  await perform(world.gateway, 'signOutEverywhere', {}, { token: accessToken })
  expect(await socket.closed).toEqual({ code: 4403, reason: 'Token revoked' })
})
