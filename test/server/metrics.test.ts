import { get } from 'node:http'
import { describe, expect, it } from 'vitest'
import type { HealthReport } from '../../src/server/health.ts'
import { RawWebSocket } from './raw-web-socket.ts'
import { EventClient } from './stream-client.ts'
import { ToyEngine, watched } from './toy-engine.ts'
import { startToyServer, type ToyServer } from './toy-server.ts'

const scrape = (toy: ToyServer, headers: Record<string, string> = {}) =>
  fetch(new URL('/metrics', toy.url), { headers })

/** The values by series, as the text has them. */
async function seriesOf(toy: ToyServer): Promise<Map<string, number>> {
  const response = await scrape(toy)
  expect(response.status).toBe(200)
  const lines = (await response.text()).split('\n').filter((line) => line && !line.startsWith('#'))
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  )
}

describe('/metrics', () => {
  it('tells of the process, of requests by status and type, and of errors', async () => {
    await using toy = await startToyServer()
    await toy.ask('{ hello }')
    await toy.ask('{ hello refused }')
    await toy.ask('mutation { write }')
    await toy.ask('{ nothing }')
    await fetch(new URL('/nothing', toy.url))
    await toy.logged(({ path }) => path === '/nothing')
    const series = await seriesOf(toy)
    const count = (status: string, type: string) =>
      series.get(`tributary_http_request_duration_seconds_count{status="${status}",type="${type}"}`)
    expect(count('200', 'query')).toBe(2)
    expect(count('200', 'mutation')).toBe(1)
    expect(count('200', 'none') ?? count('400', 'none')).toBe(1)
    expect(count('404', 'none')).toBe(1)
    expect(series.get('tributary_errors_total{code="PAGE_SIZE"}')).toBe(1)
    expect(series.get('process_resident_memory_bytes')).toBeGreaterThan(10_000_000)
    expect(series.get('tributary_operations_running')).toBe(0)
  })

  it('tells of sources and their pools, and not of those that are not configured', async () => {
    const pool = { size: 5, active: 1, idle: 2, waiting: 3 }
    const health: HealthReport = {
      sources: [
        { name: 'platform', status: 'AVAILABLE', differences: 4, pool },
        { name: 'users', status: 'UNAVAILABLE', reason: 'password=hunter2', differences: 0, pool },
        { name: 'mlops', status: 'NOT_CONFIGURED', differences: 0, pool },
      ],
    }
    await using toy = await startToyServer({ health: () => health })
    const series = await seriesOf(toy)
    expect(series.get('tributary_source_available{source="platform"}')).toBe(1)
    expect(series.get('tributary_source_available{source="users"}')).toBe(0)
    expect(series.get('tributary_source_differences{source="platform"}')).toBe(4)
    for (const [state, value] of Object.entries(pool))
      expect(series.get(`tributary_source_pool_${state}{source="users"}`)).toBe(value)
    const text = [...series.keys()].join()
    expect(text).not.toContain('mlops')
    expect(text).not.toContain('hunter2')
  })

  it('tells of sockets, streams and captures', async () => {
    const engine = Object.assign(new ToyEngine(), {
      counters: { streams: 2, groups: 1, executions: 7, deliveries: 14, drops: { conflated: 3 } },
    })
    await using toy = await startToyServer({
      live: engine,
      captures: async () => [
        { source: 'platform', isStreaming: true, lagBytes: 512 },
        { source: 'users', isStreaming: false },
      ],
    })
    using raw = await RawWebSocket.connect(toy.url)
    using _ = new EventClient(toy.url, { query: 'subscription { watched }' })
    raw.subscribe('1', 'subscription { watched }')
    await engine.until('started', 2)
    const series = await seriesOf(toy)
    expect(series.get('tributary_connections{transport="websocket"}')).toBe(1)
    expect(series.get('tributary_connections{transport="sse"}')).toBe(1)
    expect(series.get('tributary_live_streams')).toBe(2)
    expect(series.get('tributary_live_deliveries_total')).toBe(14)
    expect(series.get('tributary_live_drops_total{reason="conflated"}')).toBe(3)
    expect(series.get('tributary_capture_streaming{source="users"}')).toBe(0)
    expect(series.get('tributary_capture_lag_bytes{source="platform"}')).toBe(512)
    engine.publish(watched('a'))
    engine.complete()
    await raw.next()
    raw.socket.close(4321)
    await toy.logged(({ msg }) => msg === 'websocket closed')
    const after = await seriesOf(toy)
    expect(after.get('tributary_connections{transport="websocket"}')).toBe(0)
    expect(after.get('tributary_websocket_closes_total{code="other"}')).toBe(1)
    expect(after.get('tributary_websocket_operations_total{type="subscription",outcome="completed"}')).toBe(1)
  })

  it('makes no series of what clients say', async () => {
    await using toy = await startToyServer()
    await toy.ask('query Secret_1 { hello }')
    await fetch(new URL('/secret_2', toy.url))
    await toy.ask('{ hello }', {}, { 'x-request-id': 'secret_3', 'user-agent': 'secret_4' })
    const text = await (await scrape(toy)).text()
    expect(text).not.toMatch(/secret_/i)
  })
})

describe('who reads them', () => {
  const notFound = async (response: Response) => {
    expect(response.status).toBe(404)
    expect(await response.text()).toContain('"NOT_FOUND"')
  }

  it('is on this machine, and did not come through a proxy', async () => {
    await using toy = await startToyServer()
    expect((await scrape(toy)).status).toBe(200)
    await notFound(await scrape(toy, { 'x-forwarded-for': '127.0.0.1' }))
    await notFound(await scrape(toy, { forwarded: 'for=127.0.0.1' }))
  })

  it('brings the token, where there is one', async () => {
    const token = 'hunter2hunter2hunter2'
    await using toy = await startToyServer({ env: { METRICS_TOKEN: token } })
    await notFound(await scrape(toy))
    await notFound(await scrape(toy, { authorization: `Bearer ${token}x` }))
    const read = await scrape(toy, { authorization: `Bearer ${token}`, 'x-forwarded-for': '10.0.0.7' })
    expect(read.status).toBe(200)
    expect(read.headers.get('content-type')).toMatch(/^text\/plain; version=/)
    expect(await read.text()).not.toContain('hunter2')
  })

  it('reads, and does nothing else', async () => {
    await using toy = await startToyServer()
    expect((await fetch(new URL('/metrics', toy.url), { method: 'POST' })).status).toBe(405)
    const length = await new Promise((resolve) =>
      get(new URL('/metrics', toy.url), { method: 'HEAD' }, (response) => {
        response.resume()
        response.once('end', () => resolve(response.statusCode))
      }),
    )
    expect(length).toBe(200)
  })
})
