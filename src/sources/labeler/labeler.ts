import type { z } from 'zod'
import { LabelerTokens } from '../../auth/tokens/labeler-tokens.ts'
import type { LabelerConfig } from '../../config/labeler-config.ts'
import { currentRequest } from '../../database/request-scope.ts'
import type { SourceLog, SourceStatus } from '../../database/source.ts'
import type { SourceReport } from '../../database/source-report.ts'
import { TributaryError } from '../../errors/tributary-error.ts'
import { type BoundedAnswer, boundedFetch } from './bounded-fetch.ts'
import { Circuit } from './circuit.ts'
import type { DatasetRecord } from './dataset-record.ts'
import { LabelerFailure } from './failure.ts'
import { ShortCache } from './short-cache.ts'

export interface LabelerOptions {
  /** Absent: it is NOT_CONFIGURED. */
  readonly config: LabelerConfig | undefined
  readonly log: SourceLog
  /** Milliseconds between two looks whether it is back. Default 1,000. */
  readonly probeEveryMs?: number
}

/** A call that changes nothing, and may therefore be made again. */
export interface LabelerCall<T> {
  /** Below the address, without a slash in front. */
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  /** Sent by POST; without it the call is a GET. */
  readonly body?: object
  /** In whose name. */
  readonly user: number
  /** What an answer looks like. */
  readonly schema: z.ZodType<T>
}

/** How long what was read serves other requests, in milliseconds. */
const cacheMs = 15_000

/**
 * The Labeler: a service of another team, of which the gateway knows the HTTP API and nothing else. It stands beside
 * the databases as one source among them.
 */
export class Labeler implements SourceReport, AsyncDisposable {
  readonly name = 'labeler'
  readonly differences = []
  /** Whole records by id; null where there is none. Who may see them is decided at every use. */
  readonly records = new ShortCache<DatasetRecord | null>(cacheMs)
  /** Whether a user may see a dataset, by both. */
  readonly permissions = new ShortCache<boolean>(cacheMs)
  readonly #config: LabelerConfig | undefined
  readonly #tokens: LabelerTokens | undefined
  readonly #circuit: Circuit | undefined
  readonly #closing = new AbortController()
  readonly #createdAt = new Date()

  constructor({ config, log, probeEveryMs }: LabelerOptions) {
    this.#config = config
    if (!config) return
    this.#tokens = new LabelerTokens({ secret: config.secret })
    this.#circuit = new Circuit({
      maxConcurrent: config.maxConcurrent,
      probe: () => this.#probe(),
      log,
      ...(probeEveryMs !== undefined && { probeEveryMs }),
    })
  }

  get status(): SourceStatus {
    return this.#circuit?.status ?? 'NOT_CONFIGURED'
  }

  get reason(): string | undefined {
    return this.#circuit?.reason
  }

  get outline(): string | undefined {
    return this.#circuit?.outline
  }

  get since(): Date {
    return this.#circuit?.since ?? this.#createdAt
  }

  /** Calls that one request may come to. */
  get maxCallsPerRequest(): number {
    return this.#config?.maxCallsPerRequest ?? 0
  }

  /** Tries to reach it for the first time; resolves when that has succeeded or failed, and never rejects. */
  async start(): Promise<void> {
    await this.#circuit?.start()
  }

  /**
   * Makes a call and checks its answer.
   *
   * @returns null for 404.
   * @throws TributaryError SOURCE_NOT_CONFIGURED, SOURCE_UNAVAILABLE, SOURCE_TIMEOUT, SOURCE_OVERLOADED; SOURCE_MISMATCH
   * where it refuses the token or answers otherwise than its API says; the request's reason for aborting.
   */
  async call<T>(call: LabelerCall<T>): Promise<T | null> {
    const [circuit, tokens] = [this.#circuit, this.#tokens]
    if (!circuit || !tokens) throw problem('SOURCE_NOT_CONFIGURED', 'labeler is not configured.')
    const token = await tokens.of(call.user)
    const signal = currentRequest()?.signal
    try {
      const { status, body } = await circuit.run(() => this.#send(call, token, signal))
      if (status === 404) return null
      const parsed = call.schema.safeParse(body)
      if (parsed.success) return parsed.data
      const [issue] = parsed.error.issues
      const place = issue?.path.length ? ` at ${issue.path.join('.')}` : ''
      throw new LabelerFailure('wrong', `its answer is not of its API${place}: ${issue?.message ?? ''}`)
    } catch (error) {
      throw signal?.aborted ? signal.reason : translated(error)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort()
    await this.#circuit?.[Symbol.asyncDispose]()
  }

  async #probe(): Promise<void> {
    const { status } = await this.#fetch({ path: 'health' }, {})
    if (status !== 200) throw new LabelerFailure('failing', `its health check answers ${status}`)
  }

  async #send(
    call: LabelerCall<unknown>,
    token: string,
    signal: AbortSignal | undefined,
  ): Promise<BoundedAnswer> {
    const answer = await this.#fetch(call, { authorization: `Bearer ${token}` }, signal)
    const { status } = answer
    if (status >= 500 || status === 429)
      throw new LabelerFailure('failing', `it answers ${status}`, { waitMs: answer.retryAfterMs })
    if (status === 401 || status === 403)
      throw new LabelerFailure(
        'refused',
        `it refuses the gateway’s token (${status}); compare SERVICE_JWT_SECRET`,
      )
    if (status !== 200 && status !== 404)
      throw new LabelerFailure(
        'wrong',
        `it answers ${status} to ${call.path.replace(/\/[^/]*\d[^/]*/g, '/…')}`,
      )
    return answer
  }

  /** One try. Which of our own limits ended it is told by what was aborted. */
  async #fetch(
    { path, query, body }: Pick<LabelerCall<unknown>, 'path' | 'query' | 'body'>,
    headers: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ): Promise<BoundedAnswer> {
    const { url, timeoutMs } = this.#config as LabelerConfig
    const target = new URL(path, url)
    for (const [name, value] of Object.entries(query ?? {})) target.searchParams.set(name, value)
    const silence = AbortSignal.timeout(timeoutMs)
    try {
      return await boundedFetch({
        url: target,
        method: body ? 'POST' : 'GET',
        headers: {
          accept: 'application/json',
          ...(body && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body && { body: JSON.stringify(body) }),
        signal: AbortSignal.any([silence, this.#closing.signal, ...(signal ? [signal] : [])]),
      })
    } catch (error) {
      if (error instanceof LabelerFailure || signal?.aborted) throw error
      if (silence.aborted)
        throw new LabelerFailure('silent', `it does not answer within ${timeoutMs} ms`, { cause: error })
      throw new LabelerFailure('unreachable', `no connection to ${target.origin}`, { cause: error })
    }
  }
}

const problem = (code: ConstructorParameters<typeof TributaryError>[0], message: string, cause?: unknown) =>
  new TributaryError(code, message, { cause, extensions: { source: 'labeler' } })

/** What the caller is told; where the Labeler is, and how it failed there, is for administrators. */
function translated(error: unknown): unknown {
  if (!(error instanceof LabelerFailure)) return error
  switch (error.kind) {
    case 'unreachable':
    case 'failing':
      return problem('SOURCE_UNAVAILABLE', 'labeler cannot be reached.', error)
    case 'silent':
      return problem('SOURCE_TIMEOUT', 'labeler took too long to answer.', error)
    case 'refused':
    case 'wrong':
      return problem('SOURCE_MISMATCH', `labeler: ${error.message}.`, error)
  }
}
