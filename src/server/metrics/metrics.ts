/**
 * What a server tells Prometheus.
 *
 * Labels have values that are known beforehand: kinds, statuses, codes of the catalogue, names of sources. Nothing that
 * a client says becomes one, for each value is a series that Prometheus keeps for ever; so a close code that is none of
 * the server's is "other", and operations are told apart by their type, not by their name.
 *
 * What happens a hundred thousand times a second is counted in plain numbers where it happens, and read from there when
 * somebody looks.
 */
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { catalogue } from '../../errors/catalogue.ts'
import type { LiveCounters } from '../../live/stream.ts'
import type { Admission } from '../admission.ts'
import type { SourceHealth } from '../health.ts'
import type { LoggedExchange, Outcome } from '../request-log.ts'
import { closeCode } from '../websocket/close-code.ts'
import { processMetrics } from './process-metrics.ts'

/** How a source's changes are captured. */
export interface CaptureHealth {
  readonly source: string
  /** Whether its changes come in at present. */
  readonly isStreaming: boolean
  /** Bytes of its write-ahead log that are not yet in the change log, where that is known. */
  readonly lagBytes?: number | undefined
}

export interface MetricsOptions {
  readonly sources: () => readonly SourceHealth[]
  readonly captures?: () => Promise<readonly CaptureHealth[]>
  readonly admission: Admission
  readonly live?: LiveCounters
  /** Connections that are open. */
  readonly connections: () => { readonly webSockets: number; readonly eventStreams: number }
}

const seconds = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
const ownCloseCodes = new Set<number>(Object.values(closeCode))
const usualCloseCodes = new Set([1000, 1001, 1005, 1006])

type Tell = (set: (labels: Record<string, string>, value: number) => void) => void | Promise<void>

export class Metrics {
  readonly #registry = new Registry()
  readonly #requests: Histogram
  readonly #operations: Counter
  readonly #errors: Counter
  readonly #closes: Counter

  constructor(options: MetricsOptions) {
    const registers = [this.#registry]
    this.#requests = new Histogram({
      name: 'tributary_http_request_duration_seconds',
      help: 'HTTP requests that are over, by status and by the type of the operation; a stream lasts until its end.',
      labelNames: ['status', 'type'],
      buckets: seconds,
      registers,
    })
    this.#operations = new Counter({
      name: 'tributary_websocket_operations_total',
      help: 'Operations over WebSockets that are over, by type, and by whether they came to their end.',
      labelNames: ['type', 'outcome'],
      registers,
    })
    this.#errors = new Counter({
      name: 'tributary_errors_total',
      help: 'Requests and operations that were answered with an error of a code.',
      labelNames: ['code'],
      registers,
    })
    this.#closes = new Counter({
      name: 'tributary_websocket_closes_total',
      help: 'WebSockets that are over, by close code; 1013 are clients that did not read, or could not be authenticated yet.',
      labelNames: ['code'],
      registers,
    })
    this.#tellServer(options)
    this.#tellSources(options)
    if (options.live) this.#tellLive(options.live)
    if (options.captures) this.#tellCaptures(options.captures)
  }

  /** Counts a request or an operation that is over. */
  observe(
    { method, operation, errorCodes, elapsedMs }: LoggedExchange,
    { status, completed }: Outcome,
  ): void {
    const type = operation?.type ?? 'none'
    if (method === 'WEBSOCKET') this.#operations.inc({ type, outcome: completed ? 'completed' : 'stopped' })
    else
      this.#requests.observe(
        { status: completed && status !== undefined ? String(status) : 'aborted', type },
        elapsedMs / 1000,
      )
    for (const code of errorCodes ?? []) this.#errors.inc({ code: code in catalogue ? code : 'other' })
  }

  /** Counts a WebSocket that is over. */
  observeClose(code: number): void {
    const isKnown = ownCloseCodes.has(code) || usualCloseCodes.has(code)
    this.#closes.inc({ code: isKnown ? String(code) : 'other' })
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  /** Everything, as Prometheus reads it. */
  async text(): Promise<string> {
    return await Registry.merge([processMetrics(), this.#registry]).metrics()
  }

  #tellServer({ admission, connections }: MetricsOptions): void {
    this.#gauge('tributary_operations_running', 'Operations that are being executed.', [], (set) =>
      set({}, admission.running),
    )
    this.#gauge('tributary_operations_queued', 'Operations that wait for their turn.', [], (set) =>
      set({}, admission.queued),
    )
    this.#gauge('tributary_connections', 'Long connections that are open.', ['transport'], (set) => {
      const { webSockets, eventStreams } = connections()
      set({ transport: 'websocket' }, webSockets)
      set({ transport: 'sse' }, eventStreams)
    })
  }

  #tellSources({ sources }: MetricsOptions): void {
    const each = (tell: (source: SourceHealth) => number | undefined): Tell => {
      return (set) => {
        for (const source of sources()) {
          const value = source.status === 'NOT_CONFIGURED' ? undefined : tell(source)
          if (value !== undefined) set({ source: source.name }, value)
        }
      }
    }
    this.#gauge(
      'tributary_source_available',
      '1 where a source answers, else 0.',
      ['source'],
      each(({ status }) => (status === 'AVAILABLE' ? 1 : 0)),
    )
    this.#gauge(
      'tributary_source_differences',
      'Things that a source has otherwise than the graph expects.',
      ['source'],
      each(({ differences }) => differences),
    )
    for (const [state, help] of [
      ['size', 'Connections that a source’s pool may have.'],
      ['active', 'Connections of a source that are in use.'],
      ['idle', 'Connections of a source that are open and free.'],
      ['waiting', 'Callers that wait for a connection of a source.'],
    ] as const)
      this.#gauge(
        `tributary_source_pool_${state}`,
        help,
        ['source'],
        each(({ pool }) => pool?.[state]),
      )
  }

  #tellLive(live: LiveCounters): void {
    this.#gauge('tributary_live_streams', 'Subscriptions that are open.', [], (set) => set({}, live.streams))
    this.#gauge('tributary_live_groups', 'Sets of subscriptions that share their results.', [], (set) =>
      set({}, live.groups),
    )
    this.#counter('tributary_live_executions_total', 'Results that were executed, once a group.', [], (set) =>
      set({}, live.executions),
    )
    this.#counter('tributary_live_deliveries_total', 'Results that were handed to clients.', [], (set) =>
      set({}, live.deliveries),
    )
    this.#counter(
      'tributary_live_drops_total',
      'Changes that a client did not get as such, by the reason.',
      ['reason'],
      (set) => {
        for (const [reason, count] of Object.entries(live.drops)) set({ reason }, count)
      },
    )
  }

  #tellCaptures(captures: () => Promise<readonly CaptureHealth[]>): void {
    this.#gauge(
      'tributary_capture_streaming',
      '1 where a source’s changes are captured, else 0.',
      ['source'],
      async (set) => {
        for (const { source, isStreaming } of await captures()) set({ source }, isStreaming ? 1 : 0)
      },
    )
    this.#gauge(
      'tributary_capture_lag_bytes',
      'Bytes of a source’s write-ahead log that the change log does not hold yet.',
      ['source'],
      async (set) => {
        for (const { source, lagBytes } of await captures())
          if (lagBytes !== undefined) set({ source }, lagBytes)
      },
    )
  }

  #gauge(name: string, help: string, labelNames: readonly string[], tell: Tell): void {
    new Gauge({
      name,
      help,
      labelNames: [...labelNames],
      registers: [this.#registry],
      async collect() {
        this.reset()
        await tell((labels, value) => this.set(labels, value))
      },
    })
  }

  #counter(name: string, help: string, labelNames: readonly string[], tell: Tell): void {
    new Counter({
      name,
      help,
      labelNames: [...labelNames],
      registers: [this.#registry],
      async collect() {
        this.reset()
        await tell((labels, value) => this.inc(labels, value))
      },
    })
  }
}
