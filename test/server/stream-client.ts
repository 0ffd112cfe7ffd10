import { once } from 'node:events'
import { type ClientRequest, type IncomingMessage, request } from 'node:http'
import { RawWebSocket } from './raw-web-socket.ts'

/** What a client of a stream hears, whichever the transport. */
export interface Heard {
  readonly type: 'next' | 'error' | 'complete'
  readonly payload?: unknown
  /** The cursor that came beside the payload. */
  readonly id?: string
}

/** A client with one subscription, which does nothing that it is not told. */
export interface StreamClient extends Disposable {
  /** The next thing heard; rejects when the connection was cut instead. */
  next(): Promise<Heard>
  /** Stops to read, until `resume`. */
  pause(): void
  resume(): void
  /** Wants no more of the subscription. */
  stop(): void
}

export interface Wish {
  readonly query: string
  readonly variables?: object
  readonly authorization?: string
  readonly headers?: Record<string, string>
}

/** Asks by one transport or the other. */
export type Subscribe = (url: string, wish: Wish) => Promise<StreamClient>

export const overWebSocket: Subscribe = async (url, { query, variables, authorization }) => {
  const raw = await RawWebSocket.connect(url, authorization === undefined ? undefined : { authorization })
  raw.subscribe('1', query, variables)
  return {
    async next() {
      const { type, payload } = await raw.next()
      return { type: type as Heard['type'], ...(payload !== undefined && { payload }) }
    },
    pause: () => raw.socket.pause(),
    resume: () => raw.socket.resume(),
    stop: () => raw.send({ id: '1', type: 'complete' }),
    [Symbol.dispose]: () => raw[Symbol.dispose](),
  }
}

/** Events, read as the HTML standard has it, comments among them. */
export class EventClient implements StreamClient {
  readonly #request: ClientRequest
  readonly #arrivals = new EventTarget()
  readonly comments: string[] = []
  readonly #heard: Heard[] = []
  #text = ''
  #isClosed = false
  response: IncomingMessage | undefined

  constructor(url: string, { query, variables, authorization, headers }: Wish) {
    this.#request = request(url, {
      method: 'POST',
      headers: {
        accept: 'text/event-stream',
        'content-type': 'application/json',
        ...(authorization !== undefined && { authorization }),
        ...headers,
      },
    })
    const close = () => {
      this.#isClosed = true
      this.#arrivals.dispatchEvent(new Event('arrival'))
    }
    this.#request.on('error', close)
    this.#request.once('response', (response) => {
      this.response = response
      response.setEncoding('utf8')
      response.on('data', (text: string) => this.#read(text))
      response.on('error', () => {})
      response.once('close', close)
    })
    this.#request.end(JSON.stringify({ query, variables }))
  }

  /** Resolves when the answer has begun. */
  async begun(): Promise<IncomingMessage> {
    if (!this.response) await once(this.#request, 'response')
    return this.response as IncomingMessage
  }

  async next(): Promise<Heard> {
    for (;;) {
      const heard = this.#heard.shift()
      if (heard) return heard
      if (this.#isClosed) throw new Error('The server closed.')
      await once(this.#arrivals, 'arrival')
    }
  }

  /** Resolves when so many comments have come. */
  async commented(count: number): Promise<void> {
    while (this.comments.length < count) await once(this.#arrivals, 'arrival')
  }

  pause(): void {
    this.response?.pause()
  }

  resume(): void {
    this.response?.resume()
  }

  stop(): void {
    this.#request.destroy()
  }

  [Symbol.dispose](): void {
    this.#request.destroy()
  }

  #read(text: string): void {
    this.#text += text
    for (;;) {
      const end = this.#text.indexOf('\n\n')
      if (end < 0) break
      this.#hear(this.#text.slice(0, end).split('\n'))
      this.#text = this.#text.slice(end + 2)
    }
    this.#arrivals.dispatchEvent(new Event('arrival'))
  }

  #hear(lines: readonly string[]): void {
    const field = (name: string) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2)
    this.comments.push(...lines.filter((line) => line.startsWith(':')))
    const type = field('event')
    if (type === undefined) return
    const [data, id] = [field('data'), field('id')]
    this.#heard.push({
      type: type as Heard['type'],
      ...(data && { payload: JSON.parse(data) }),
      ...(id !== undefined && { id }),
    })
  }
}

export const overEvents: Subscribe = async (url, wish) => {
  const client = new EventClient(url, wish)
  await client.begun()
  return client
}
