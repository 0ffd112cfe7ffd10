import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Secret } from '../../src/config/secret.ts'
import type { SourceConfig, SslMode } from '../../src/config/source-config.ts'
import { planConnection } from '../../src/database/connection-options.ts'

const config = (url: string, sslMode: SslMode = 'prefer'): SourceConfig => ({
  name: 'lab',
  url: new Secret(url),
  maxConnections: 5,
  staleTimeoutMs: 300_000,
  connectionTimeoutMs: 30_000,
  statementTimeoutMs: 1_000,
  idleInTransactionTimeoutMs: 15_000,
  sslMode,
})

const url = 'postgres://reader:p%40ss@db.example:6000/my%20lab'

/** The ways of encrypting, in words. */
const ways = (from: string, mode?: SslMode) =>
  planConnection(config(from, mode)).encryptions.map((way) =>
    way === false
      ? 'plain'
      : [
          'TLS',
          way.rejectUnauthorized && 'by a known authority',
          !way.checkServerIdentity && way.rejectUnauthorized && 'for this host',
          way.ca && `known: ${way.ca}`,
        ]
          .filter(Boolean)
          .join(', '),
  )

describe('a plan of connections', () => {
  test('knows where it leads', () => {
    const address = { host: 'db.example', port: 6000, database: 'my lab', role: 'reader' }
    expect(planConnection(config(url)).address).toEqual(address)
  })

  test('gives up a lock no later than the statement, and waits for the server to give up the statement', () => {
    const { client } = planConnection(config(url))
    expect(client.lock_timeout).toBe(1_000)
    expect(client.query_timeout).toBeGreaterThan(1_000)
  })

  test.each<[SslMode, string[]]>([
    ['disable', ['plain']],
    ['allow', ['plain', 'TLS']],
    ['prefer', ['TLS', 'plain']],
    ['require', ['TLS']],
    ['verify-ca', ['TLS, by a known authority']],
    ['verify-full', ['TLS, by a known authority, for this host']],
  ])('encrypts as libpq does for %s, in the configuration or in the URL', (mode, expected) => {
    expect(ways(url, mode)).toEqual(expected)
    expect(ways(`${url}?sslmode=${mode}`, 'verify-full')).toEqual(expected)
  })

  test('reads the certificates that the URL names', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tributary-certificate-'))
    await using cleanup = new AsyncDisposableStack()
    cleanup.defer(() => rm(folder, { recursive: true }))
    const file = join(folder, 'root.pem')
    await writeFile(file, 'ROOT')
    expect(ways(`${url}?sslmode=require&sslrootcert=${file}`)).toEqual([
      'TLS, by a known authority, known: ROOT',
    ])
    await rm(file)
    expect(() => ways(`${url}?sslrootcert=${file}`)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining(file) }),
    )
  })
})
