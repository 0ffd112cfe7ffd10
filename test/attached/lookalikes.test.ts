import { type GraphQLObjectType, getNamedType, isLeafType, isObjectType } from 'graphql'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { entities } from '../../src/graph/entity.ts'
import { sourceTable } from '../../src/sources/table.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { createLookalikes, execute, hasLookalikes, type Lookalikes } from '../support/lookalikes.ts'
import { hasPostgres15, startPostgres15 } from '../support/postgres-15.ts'
import { type Digest, digest } from './digest.ts'
import { fill, sentinel } from './fill.ts'
import { verify, verifyAsProcess } from './verify.ts'
import { introspect, type Visit, walk } from './walk.ts'

const servers = [
  {
    version: 18,
    isHere: true,
    start: async () => ({ url: inject('postgresUrl'), async [Symbol.asyncDispose]() {} }),
  },
  { version: 15, isHere: hasPostgres15, start: startPostgres15 },
]

for (const { version, isHere, start } of servers) {
  const skipped = !hasLookalikes
    ? ' (skipped: no descriptions of them at hand)'
    : isHere
      ? ''
      : ' (skipped: not installed)'

  describe.skipIf(skipped)(`databases of others, read-only, on Postgres ${version}${skipped}`, () => {
    let resources: AsyncDisposableStack
    let lookalikes: Lookalikes
    let before: Record<string, Digest>
    let gateway: TestGateway
    let visits: Visit[]

    const digests = async () => {
      const found = Object.entries(lookalikes.ownerUrls).map(async ([source, url]) => [
        source,
        await digest(url),
      ])
      return Object.fromEntries(await Promise.all(found)) as Record<string, Digest>
    }

    beforeAll(async () => {
      resources = new AsyncDisposableStack()
      const server = resources.use(await start())
      lookalikes = resources.use(await createLookalikes({ server: server.url }))
      await fill(lookalikes.ownerUrls)
      before = await digests()
      gateway = resources.use(await startGateway({ urls: lookalikes.urls }))
      visits = await walk(gateway)
    })

    afterAll(() => resources.disposeAsync())

    it('are read with a role that may not write', async () => {
      await expect(execute(lookalikes.urls.users, "UPDATE users SET bio = 'mine'")).rejects.toThrow(
        /permission denied/,
      )
    })

    it('answer for every entity by connection, lookup, node and relation, without an error', () => {
      expect(visits.map(({ entity }) => entity).toSorted()).toEqual(
        entities()
          .map(({ name }) => name as string)
          .toSorted(),
      )
      expect(visits.filter(({ rows }) => rows === 0)).toEqual([])
      expect(visits.flatMap(({ entity, errors }) => errors.map((error) => `${entity}: ${error}`))).toEqual([])
    })

    it('keep their secrets: no answer and no line of the log has one, and the schema no field', async () => {
      const answers = visits.map(({ text }) => text).join('\n')
      expect(answers).toContain('@')
      expect(answers).not.toContain(sentinel)
      expect(JSON.stringify(gateway.log)).not.toContain(sentinel)
      const types = Object.values((await introspect(gateway)).getTypeMap())
      const entities = types.filter(
        (type) => isObjectType(type) && type.getInterfaces().some(({ name }) => name === 'Node'),
      )
      const fields = entities.flatMap((type) =>
        Object.values((type as GraphQLObjectType).getFields())
          .filter((field) => isLeafType(getNamedType(field.type)))
          .map(({ name }) => name),
      )
      expect(fields).toContain('email')
      const forbidden = /password$|resetToken|^token$|^apiKey$|keyHash|secret|destination|stripe/i
      expect(fields.filter((name) => forbidden.test(name))).toEqual([])
    })

    it('are as expected, and available', async () => {
      const { sources } = await gateway.query<{ sources: unknown }>(
        '{ sources { name status reason differences { table } } }',
      )
      const sound = { status: 'AVAILABLE', reason: null, differences: [] }
      expect(sources).toEqual([
        ...sourceTable.map(({ name }) => ({ name, ...sound })),
        { name: 'labeler', ...sound, status: 'NOT_CONFIGURED' },
      ])
      expect(await verifyAsProcess(lookalikes.urls)).toEqual({
        status: 0,
        lines: sourceTable.map(({ name }) => `${name}: as expected`),
      })
    })

    it('stay as they are: schema, rows and counters, even for a role that may write', async () => {
      {
        await using owner = await startGateway({ urls: lookalikes.ownerUrls })
        const seen = await walk(owner)
        expect(seen.flatMap(({ errors }) => errors)).toEqual([])
      }
      expect((await verify(lookalikes.ownerUrls)).status).toBe(0)
      expect(await digests()).toEqual(before)
      await execute(
        lookalikes.ownerUrls.users,
        'CREATE TABLE mark ()',
        "UPDATE users SET bio = 'x' WHERE id = 1",
      )
      expect((await digests()).users).not.toEqual(before.users)
    })
  })
}
