import type { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { gatesOf } from '../../../src/sources/mlops/gate-results.ts'
import { cloneDatabases, type TestDatabases } from '../../support/databases.ts'
import { openGraph, type TestGraph, user } from '../../support/graph.ts'

let databases: TestDatabases
let client: Client
let graph: TestGraph
beforeAll(async () => {
  databases = await cloneDatabases({ seeded: true })
  client = await databases.client('mlops')
  graph = await openGraph(databases.urls)
})
afterAll(async () => {
  await graph[Symbol.asyncDispose]()
  await databases[Symbol.asyncDispose]()
})

const rowsOf = async (sql: string, ...values: unknown[]) => (await client.query(sql, values)).rows

async function ask<T = Record<string, never>>(document: string, role = 'standard_engineer' as const) {
  const viewer = await graph.viewer(user({ id: 2, role }))
  const { data, errors, statements } = await graph.ask<T>(viewer, document)
  if (errors || !data) throw new Error(`${document}\n${JSON.stringify(errors)}`)
  return { data, statements }
}

describe('gates', () => {
  test('come typed, in the order in which they are tried, to the first failure', async () => {
    const { data } = await ask<{
      retrainingDecisions: {
        nodes: {
          action: string
          gates: { gate: string; passed: boolean }[]
          failedGate: { gate: string } | null
          candidate: { status: string } | null
        }[]
      }
    }>(`{ retrainingDecisions(first: 100) { nodes {
      action gates { gate passed details } failedGate { gate } candidate { status version }
    } } }`)
    const { nodes } = data.retrainingDecisions
    const order = [
      'SUFFICIENT_SAMPLES',
      'MINIMUM_COVERAGE',
      'PROMOTION_COOLDOWN',
      'METRIC_IMPROVEMENT',
      'CALIBRATION_MAINTAINED',
      'NO_SEGMENT_REGRESSION',
    ]
    expect(nodes).toHaveLength(60)
    for (const { action, gates, failedGate, candidate } of nodes) {
      expect(gates.map(({ gate }) => gate)).toEqual(order.slice(0, gates.length))
      expect(gates.slice(0, -1).every(({ passed }) => passed)).toBe(true)
      if (action === 'REJECT') expect(failedGate?.gate).toBe(order[gates.length - 1])
      else expect(failedGate).toBeNull()
      if (action === 'PROMOTE') expect(gates).toHaveLength(6)
      if (action === 'REJECT' && candidate) expect(candidate.status).toMatch(/ARCHIVED|STAGING/)
    }
    expect(new Set(nodes.map(({ action }) => action))).toEqual(new Set(['PROMOTE', 'REJECT', 'PENDING']))
    expect(nodes.filter(({ candidate }) => candidate === null)).toHaveLength(1)
  })

  test.each([
    [null, []],
    ['passed', []],
    [[{ passed: true }], []],
    [
      { minimum_coverage: 'yes', sufficient_samples: { passed: 'no', samples: 3 } },
      [['sufficient_samples', null]],
    ],
    [
      { own_gate: { passed: true }, minimum_coverage: false, sufficient_samples: { passed: true } },
      [
        ['sufficient_samples', true],
        ['minimum_coverage', false],
        ['own_gate', true],
      ],
    ],
  ])('of %j are what can be made of it', (written, expected) => {
    expect(gatesOf(written).map(({ gate, passed }) => [gate, passed])).toEqual(expected)
  })
})

describe('a version', () => {
  test('leads to the decisions about it, by its run', async () => {
    const [row] = await rowsOf(`SELECT m.id, d.id AS decision FROM model_versions m
      JOIN retraining_decisions d ON d.candidate_mlflow_run_id = m.mlflow_run_id ORDER BY m.id LIMIT 1`)
    const { data, statements } = await ask(
      `{ modelVersion(databaseId: ${row.id}) { decisions { nodes { databaseId candidate { databaseId } } } } }`,
    )
    expect(data).toEqual({
      modelVersion: {
        decisions: { nodes: [{ databaseId: row.decision, candidate: { databaseId: row.id } }] },
      },
    })
    expect(statements.mlops).toBe(3)
  })

  test('is in service from its promotion to the next', async () => {
    const { data } = await ask<{
      promotionTimeline: {
        version: { databaseId: number; status: string }
        promotedAt: string
        replacedAt: string | null
        duration: number | null
      }[]
    }>(`{ promotionTimeline(first: 200) { version { databaseId status } promotedAt replacedAt duration } }`)
    const promoted = await rowsOf(
      'SELECT id FROM model_versions WHERE promoted_at IS NOT NULL ORDER BY promoted_at DESC, id DESC',
    )
    expect(data.promotionTimeline.map(({ version }) => version.databaseId)).toEqual(
      promoted.map(({ id }) => id),
    )
    expect(promoted.length).toBeGreaterThan(5)
    for (const [index, { version, replacedAt, promotedAt, duration }] of data.promotionTimeline.entries()) {
      const next = data.promotionTimeline[index - 1]
      expect(version.status).toBe(index === 0 ? 'PRODUCTION' : 'ARCHIVED')
      expect(replacedAt).toBe(next?.promotedAt ?? null)
      if (next) expect(duration).toBeCloseTo((Date.parse(next.promotedAt) - Date.parse(promotedAt)) / 1000, 2)
      else expect(duration).toBeNull()
    }
  })

  test('has no duration where a promotion has no end of its own', async () => {
    const rows = await rowsOf(
      'SELECT id, promoted_at::text AS at FROM model_versions WHERE promoted_at IS NOT NULL ORDER BY promoted_at DESC LIMIT 2',
    )
    for (const { id } of rows)
      await rowsOf(`UPDATE model_versions SET promoted_at = 'infinity' WHERE id = ${id}`)
    try {
      const { data } = await ask<{ promotionTimeline: { duration: number | null }[] }>(
        '{ promotionTimeline(first: 3) { duration } }',
      )
      expect(data.promotionTimeline).toEqual([{ duration: null }, { duration: null }, { duration: null }])
    } finally {
      for (const { id, at } of rows)
        await rowsOf(`UPDATE model_versions SET promoted_at = '${at}' WHERE id = ${id}`)
    }
  })
})

describe('views', () => {
  test.each([
    ['decisionHistoryEntries', 'v_decision_history', 'decision_id'],
    ['modelTimelineEntries', 'v_model_timeline', 'id'],
    ['recentMetrics', 'v_recent_monitoring', 'id'],
  ])('%s have every row of theirs once, whatever the page', async (field, view, key) => {
    const keys = (await rowsOf(`SELECT ${key} AS key FROM ${view}`)).map((row) => row.key)
    const found: number[] = []
    for (let after = 'null'; ; ) {
      const { data } = await ask<
        Record<
          string,
          {
            totalCount: number
            nodes: { databaseId: number }[]
            pageInfo: { endCursor: string; hasNextPage: boolean }
          }
        >
      >(
        `{ ${field}(first: 37, after: ${after}) { totalCount nodes { databaseId } pageInfo { endCursor hasNextPage } } }`,
      )
      const page = data[field]
      expect(page?.totalCount).toBe(keys.length)
      found.push(...(page?.nodes ?? []).map(({ databaseId }) => databaseId))
      if (!page?.pageInfo.hasNextPage) break
      after = JSON.stringify(page.pageInfo.endCursor)
    }
    expect(found.toSorted((a, b) => a - b)).toEqual(keys.toSorted((a, b) => a - b))
  })
})

describe('series', () => {
  interface Answer {
    readonly monitoringSeries: {
      readonly type: string
      readonly name: string
      readonly totalPoints: number
      readonly points: { readonly timestamp: string; readonly value: number | null }[]
    }[]
  }
  const series = (given: string) =>
    `{ monitoringSeries(${given}) { type name totalPoints points { timestamp value } } }`

  test('are sampled where the rows are, spikes and all, in one statement', async () => {
    await rowsOf(`UPDATE monitoring_metrics SET metric_value = 17.5 WHERE id =
      (SELECT id FROM monitoring_metrics WHERE metric_name = 'psi_age' ORDER BY id OFFSET 700 LIMIT 1)`)
    const { data, statements } = await ask<Answer>(
      series('names: ["psi_age", "f1", "nothing"], maxPoints: 40'),
    )
    expect(statements).toEqual({ mlops: 1 })
    expect(data.monitoringSeries.map(({ type, name }) => [type, name])).toEqual([
      ['PERFORMANCE', 'f1'],
      ['DRIFT', 'psi_age'],
    ])
    for (const { name, totalPoints, points } of data.monitoringSeries) {
      const all = await rowsOf(
        `SELECT metric_value AS value, to_char(timestamp, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS timestamp
         FROM monitoring_metrics WHERE metric_name = $1 ORDER BY monitoring_metrics.timestamp, id`,
        name,
      )
      expect(totalPoints).toBe(all.length)
      expect(points.length).toBeLessThanOrEqual(40)
      expect(points.length).toBeGreaterThan(20)
      const values = all.map(({ value }) => value).filter(Number.isFinite)
      const sampled = points.flatMap(({ value }) => value ?? [])
      expect(Math.max(...sampled)).toBe(Math.max(...values))
      expect(Math.min(...sampled)).toBe(Math.min(...values))
      expect(points.map(({ timestamp }) => timestamp)).toEqual(
        points.map(({ timestamp }) => timestamp).toSorted(),
      )
      expect([points[0]?.timestamp, points.at(-1)?.timestamp]).toEqual([
        all[0].timestamp,
        all.at(-1).timestamp,
      ])
    }
  })

  test('are cut to a time and a kind, and are nobody’s below an engineer', async () => {
    const span = 'from: "2026-10-20T00:00:00Z", to: "2026-10-21T00:00:00Z"'
    const { data } = await ask<Answer>(series(`names: ["psi_age", "f1"], type: DRIFT, ${span}`))
    expect(data.monitoringSeries).toHaveLength(1)
    expect(data.monitoringSeries[0]).toMatchObject({ name: 'psi_age', totalPoints: 48 })
    const viewer = await graph.viewer(user({ id: 3, role: 'guest' }))
    expect(
      await graph.ask(viewer, `{ monitoringSeries(names: ["f1"]) { name } promotionTimeline { duration } }`),
    ).toMatchObject({
      data: { monitoringSeries: [], promotionTimeline: [] },
    })
  })

  test.each(['maxPoints: 3, names: []', 'maxPoints: 10001, names: []', `names: [${'"a",'.repeat(51)}]`])(
    'refuse %s',
    async (given) => {
      await expect(ask(series(given))).rejects.toThrow(/maxPoints|names at most/)
    },
  )
})
