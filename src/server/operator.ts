/**
 * Whom the gateway takes for its operator: whoever brings METRICS_TOKEN as a bearer's token, and this machine, which is a
 * connection from a loopback address that no proxy says it has passed on.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Secret } from '../config/secret.ts'

const loopback = /^(?:::1|(?:::ffff:)?127(?:\.\d{1,3}){3})$/
const forwarding = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via']

export const isLocal = ({ socket, headers }: IncomingMessage): boolean =>
  loopback.test(socket.remoteAddress ?? '') && forwarding.every((name) => headers[name] === undefined)

const digest = (text: string) => createHash('sha256').update(text).digest()

export const bears = ({ headers }: IncomingMessage, token: Secret): boolean =>
  timingSafeEqual(digest(headers.authorization ?? ''), digest(`Bearer ${token.reveal()}`))
