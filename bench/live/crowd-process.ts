/**
 * A process full of clients, told what to do by its parent: to open sockets and subscribe, to begin to count, to report.
 *
 * Latency is from the stamp that a writer put into the row, between two `@`, to the moment at which the message is read.
 * Both clocks are the machine's.
 */
import type { CrowdOrder, CrowdReport, Member } from './crowd.ts'
import { ThinSocket } from './thin-socket.ts'

const now = () => performance.timeOrigin + performance.now()
const at = '@'.charCodeAt(0)
const next = Buffer.from('"type":"next"')

let latencies = new Float64Array(1 << 16)
let measured = 0
let messages = 0
let isCounting = false
let awaited = 0
const closes = new Map<string, number>()
const sockets: ThinSocket[] = []

const tell = (message: unknown) => void process.send?.(message)

function count(payload: Buffer): void {
  messages++
  for (let begin = payload.indexOf(at); begin >= 0; ) {
    const end = payload.indexOf(at, begin + 1)
    if (end < 0) break
    if (measured === latencies.length) {
      const larger = new Float64Array(latencies.length * 2)
      larger.set(latencies)
      latencies = larger
    }
    latencies[measured++] = now() - Number(payload.toString('latin1', begin + 1, end))
    begin = payload.indexOf(at, end + 1)
  }
}

function open(member: Member, port: number): void {
  let isAcknowledged = false
  const begun = new Set<string>()
  sockets.push(
    new ThinSocket({
      port,
      from: member.from,
      ...(member.path !== undefined && { path: member.path }),
      ...(member.protocol !== undefined && { protocol: member.protocol }),
      onMessage(payload, socket) {
        if (isCounting) return count(payload)
        if (!isAcknowledged) {
          isAcknowledged = true
          if (member.operations.length === 0) arrived()
          for (const [index, { query, variables }] of member.operations.entries())
            socket.send({ id: String(index), type: 'subscribe', payload: { query, variables } })
          return
        }
        const text = payload.toString()
        if (!payload.includes(next)) {
          closes.set(text, (closes.get(text) ?? 0) + 1)
          return arrived()
        }
        const id = /"id":"(\d+)"/.exec(text)?.[1] ?? ''
        if (begun.has(id)) return
        begun.add(id)
        arrived()
      },
      onClose(code, reason) {
        const why = `${code} ${reason}`
        closes.set(why, (closes.get(why) ?? 0) + 1)
        if (!isCounting) arrived()
      },
    }),
  )
  const socket = sockets.at(-1)
  if (member.path === undefined)
    socket?.socket.once('connect', () =>
      socket.send({
        type: 'connection_init',
        ...(member.authorization !== undefined && { payload: { authorization: member.authorization } }),
      }),
    )
  else socket?.socket.once('connect', arrived)
}

function arrived(): void {
  awaited--
  proceed()
}

let pending: { members: Member[]; port: number; atOnce: number } | undefined

/** Opens as many at once as it was told, and says when all have had their first result. */
function proceed(): void {
  if (!pending) return
  const { members, port, atOnce } = pending
  while (members.length > 0 && awaited < atOnce) {
    const member = members.pop() as Member
    awaited += Math.max(1, member.operations.length)
    open(member, port)
  }
  if (members.length > 0 || awaited > 0) return
  pending = undefined
  tell({ type: 'open' })
}

process.on('message', (order: CrowdOrder) => {
  switch (order.type) {
    case 'open':
      pending = { members: [...order.members], port: order.port, atOnce: order.atOnce }
      proceed()
      break
    case 'count':
      measured = 0
      messages = 0
      isCounting = true
      tell({ type: 'counting' })
      break
    case 'progress':
      tell(measured)
      break
    case 'report': {
      const report: CrowdReport = {
        type: 'report',
        messages,
        latencies: latencies.slice(0, measured),
        closes: [...closes],
      }
      tell(report)
      break
    }
  }
})
