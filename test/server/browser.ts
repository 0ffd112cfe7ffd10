import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { WebSocket } from 'ws'

/** Where Chromium is, if it is. */
export const chromium = ['/usr/bin/chromium', '/usr/bin/google-chrome'].find((path) => existsSync(path))

/** How long a page is given to become as it is waited for. */
const patienceMs = 20_000

/** A page in a real browser. */
export interface BrowserPage {
  /** What the page's console and its policy have had to say, and what was thrown in it. */
  readonly complaints: readonly string[]
  open(url: string): Promise<void>
  /** The value of an expression in the page, awaited. */
  evaluate<T>(expression: string): Promise<T>
  /** Waits in the page until an expression is truthy, looking again at each change of the document. */
  until(expression: string): Promise<void>
}

export interface Browser extends AsyncDisposable {
  page(): Promise<BrowserPage>
}

interface Message {
  readonly id?: number
  readonly method?: string
  readonly params?: Readonly<Record<string, unknown>>
  readonly result?: Readonly<Record<string, unknown>>
  readonly error?: { readonly message: string }
  readonly sessionId?: string
}

/** What DevTools tells of a page that somebody would complain about. */
const complaintOf = ({ method, params }: Message): string | undefined => {
  if (method === 'Runtime.exceptionThrown') return JSON.stringify(params?.exceptionDetails)
  const { entry } = (params ?? {}) as { entry?: { level: string; text: string; url?: string } }
  return method === 'Log.entryAdded' && entry?.level === 'error' ? `${entry.text} ${entry.url}` : undefined
}

/** Starts a Chromium that knows nothing yet. */
export async function startBrowser(): Promise<Browser> {
  const profile = await mkdtemp(join(tmpdir(), 'tributary-chromium-'))
  const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage']
  const child = spawn(
    chromium ?? '',
    [...flags, `--user-data-dir=${profile}`, '--remote-debugging-port=0', 'about:blank'],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  const ended = once(child, 'exit')
  const address = await addressIn(child.stderr)
  const socket = new WebSocket(address, { perMessageDeflate: false })
  await once(socket, 'open')

  const waiting = new Map<number, { resolve: (result: never) => void; reject: (error: Error) => void }>()
  const listeners = new Map<string, (message: Message) => void>()
  let count = 0
  socket.on('message', (data) => {
    const message = JSON.parse(String(data)) as Message
    if (message.id === undefined) return listeners.get(message.sessionId ?? '')?.(message)
    const call = waiting.get(message.id)
    waiting.delete(message.id)
    if (message.error) call?.reject(new Error(message.error.message))
    else call?.resolve(message.result as never)
  })
  const send = <T>(method: string, params: object = {}, sessionId?: string) =>
    new Promise<T>((resolve, reject) => {
      waiting.set(++count, { resolve: resolve as never, reject })
      socket.send(JSON.stringify({ id: count, method, params, ...(sessionId && { sessionId }) }))
    })

  return {
    async page() {
      const { targetId } = await send<{ targetId: string }>('Target.createTarget', { url: 'about:blank' })
      const { sessionId } = await send<{ sessionId: string }>('Target.attachToTarget', {
        targetId,
        flatten: true,
      })
      const complaints: string[] = []
      let loaded = () => {}
      listeners.set(sessionId, (message) => {
        if (message.method === 'Page.loadEventFired') loaded()
        const complaint = complaintOf(message)
        if (complaint !== undefined) complaints.push(complaint)
      })
      for (const domain of ['Page', 'Runtime', 'Log']) await send(`${domain}.enable`, {}, sessionId)

      async function evaluate<T>(expression: string): Promise<T> {
        const { result, exceptionDetails } = await send<{
          result: { value: T }
          exceptionDetails?: { exception?: { description: string } }
        }>('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true }, sessionId)
        if (exceptionDetails) throw new Error(`${expression}\n${exceptionDetails.exception?.description}`)
        return result.value
      }

      return {
        complaints,
        evaluate,
        async open(url) {
          const loading = new Promise<void>((resolve) => {
            loaded = resolve
          })
          await send('Page.navigate', { url }, sessionId)
          await loading
        },
        until: (expression) =>
          evaluate(`new Promise((resolve, reject) => {
            const end = (settle, value) => {
              observer.disconnect()
              clearTimeout(patience)
              settle(value)
            }
            const look = () => {
              if (${expression}) end(resolve)
            }
            const patience = setTimeout(() => end(reject, new Error(document.body.innerText)), ${patienceMs})
            const observer = new MutationObserver(look)
            const every = { subtree: true, childList: true, attributes: true, characterData: true }
            observer.observe(document, every)
            look()
          })`),
      }
    },
    async [Symbol.asyncDispose]() {
      socket.terminate()
      child.kill('SIGKILL')
      await ended
      await rm(profile, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/** Chromium says on its standard error where it is debugged. */
async function addressIn(stderr: NodeJS.ReadableStream): Promise<string> {
  let said = ''
  for await (const line of createInterface({ input: stderr })) {
    said += `${line}\n`
    const found = /DevTools listening on (ws:\/\/\S+)/.exec(line)?.[1]
    if (found === undefined) continue
    stderr.resume()
    return found
  }
  throw new Error(`The browser ended.\n${said}`)
}
