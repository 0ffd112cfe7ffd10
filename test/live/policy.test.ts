/*
 * Everybody watches everything that can be watched, while every row of it is written: who is told of a row, and what of
 * it, is what the oracle of the policy says.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SourceKey } from '../../src/config/source-names.ts'
import { type Entity, entities, type Watching } from '../../src/graph/entity.ts'
import { columnOf, computed, globalId } from '../policy/names.ts'
import type { Who } from '../policy/oracle.ts'
import { openSeededGraph, type SeededGraph } from '../policy/seeded-graph.ts'
import { fieldsOf } from '../support/schema-fields.ts'
import type { Row } from '../support/worlds.ts'
import { type Listener, type LiveWorld, openLiveWorld } from './live-kit.ts'

let seeded: SeededGraph
let world: LiveWorld

const watched = () => entities().filter((one): one is Entity & { live: Watching } => one.live !== undefined)
const sources = () => [...new Set(watched().map(({ source }) => source as SourceKey))]

beforeAll(async () => {
  seeded = await openSeededGraph()
  world = await openLiveWorld({ over: seeded, captured: sources() })
})

afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await seeded[Symbol.asyncDispose]()
})

/** Everything of a type, and of what its relations lead to. */
function selection(type: string, depth: number): string {
  return fieldsOf(seeded.graph.schema, type)
    .map(({ name, kind, type: far }) => {
      if (computed[`${type}.${name}`]) return ''
      if (kind === 'scalar') return name
      return kind === 'entity' && depth > 0 ? `${name} { ${selection(far, depth - 1)} }` : ''
    })
    .join(' ')
}

/** The subscription fields of an entity, and with which arguments they are asked for all its rows. */
function wishesFor({ name, singular, plural, live }: Entity & { live: Watching }): string[] {
  const { oracle } = seeded
  if (live.below) {
    const field = live.field ?? `${plural}Appended`
    return oracle.rows('TrainingJob').map(({ id }) => `${field}(${live.below}Id: ${id})`)
  }
  const list = live.field ?? `${plural}${live.kind === 'state' ? 'Changed' : 'Appended'}`
  if (live.kind === 'append') return [list]
  const rows = oracle.rows(name)
  const key = entities().find((one) => one.name === name)?.key as string
  const ones = rows.map((row) => `${singular}Changed(id: "${globalId(name, row[key])}")`)
  return [list, ...ones]
}

interface Watcher {
  readonly who: Who
  readonly entity: Entity
  readonly wish: string
  readonly listener: Listener
}

const told = ({ listener }: Watcher, from: number): Row[] =>
  listener.changes.slice(from).flatMap(({ nodes }) => nodes as readonly Row[])

/** The rows that somebody is to be told of by a wish. */
function expectedRows({ who, entity, wish }: Watcher): Row[] {
  const { oracle } = seeded
  const { name, key } = entity
  const id = /id: "([^"]+)"/.exec(wish)?.[1]
  const job = /jobId: (\d+)/.exec(wish)?.[1]
  return oracle.rows(name).filter((row) => {
    if (!oracle.sees(who, name, row)) return false
    if (id !== undefined) return globalId(name, row[key]) === id
    return job === undefined || String(row.job_id) === job
  })
}

function check(watcher: Watcher, from: number): void {
  const { who, entity, wish, listener } = watcher
  const { oracle } = seeded
  const rows = expectedRows(watcher)
  const about = `${who.name}: ${wish}`
  const keys = new Set(told(watcher, from).map(({ databaseId }) => databaseId))
  expect([...keys].toSorted(), about).toEqual(rows.map((row) => row[entity.key]).toSorted())
  for (const node of told(watcher, from)) {
    const row = oracle.row(entity.name, node.databaseId) as Row
    for (const [field, value] of Object.entries(node)) {
      if (field === 'id' || typeof value === 'object') continue
      const isRead = oracle.reads(who, entity.name, row, columnOf(entity.name, field))
      if (!isRead) expect(value, `${about}, ${field}`).toBeNull()
    }
  }
  for (const result of listener.results) seeded.expectNothingForbidden(who, result, wish)
}

describe('what is watched', () => {
  it('has a subscription field for whatever is declared, and no other but those over several', () => {
    const fields = Object.keys(seeded.graph.schema.getSubscriptionType()?.getFields() ?? {})
    const known = new Set(watched().flatMap((entity) => wishesFor(entity).map((wish) => wish.split('(')[0])))
    expect(fields.filter((field) => !known.has(field)).toSorted()).toEqual([
      'gpuAvailabilityChanged',
      'jobChanged',
      'jobsChanged',
      'trainingProgress',
    ])
  })

  it('is told to everybody by the policy, at first and with every change', async () => {
    const watchers: Watcher[] = []
    for (const entity of watched())
      for (const wish of wishesFor(entity)) {
        const document = `subscription { ${wish} { kind cursor id removed nodes { ${selection(entity.name, 1)} } } }`
        const some: Watcher[] = []
        for (const who of seeded.everyone) {
          const listener = await world.subscribe(document, {}, { viewer: await seeded.viewer(who) })
          some.push({ who, entity, wish, listener })
        }
        for (const watcher of some) {
          await watcher.listener.nth(1)
          check(watcher, 0)
        }
        watchers.push(...some)
      }
    for (const { source, table, key } of watched())
      await (await world.databases.client(source as SourceKey)).query(`UPDATE ${table} SET ${key} = ${key}`)
    for (const watcher of watchers) {
      const count = 1 + expectedRows(watcher).length
      await watcher.listener.until(() => told(watcher, 1).length >= count - 1)
    }
    for (const source of sources()) await world.settled(source)
    for (const watcher of watchers) check(watcher, 1)
    expect(watchers.length).toBeGreaterThan(500)
  }, 240_000)
})
