/**
 * What a delivery costs at the least: a server of `ws` and nothing else, which writes one frame that was made before to
 * every socket, as often as it is told.
 */
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { WebSocketServer } from 'ws'

export type RawOrder = { readonly ticks: number; readonly everyMs: number; readonly bytes: number }

const wires = new Set<Socket>()
const server = createServer()
new WebSocketServer({ server, perMessageDeflate: false }).on('connection', (_, { socket }) => {
  wires.add(socket)
})
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))

function frameOf(bytes: number): Buffer {
  const head = `{"id":"0","type":"next","payload":{"data":"@${performance.timeOrigin + performance.now()}@`
  const payload = Buffer.from(`${head}${'x'.repeat(Math.max(0, bytes - head.length - 3))}"}}`)
  const header = Buffer.from([0x81, 126, payload.length >> 8, payload.length & 255])
  return Buffer.concat([header, payload])
}

process.on('message', ({ ticks, everyMs, bytes }: RawOrder) => {
  let left = ticks
  const timer = setInterval(() => {
    const frame = frameOf(bytes)
    for (const wire of wires) wire.write(frame)
    left--
    if (left > 0) return
    clearInterval(timer)
    process.send?.('done')
  }, everyMs)
})
