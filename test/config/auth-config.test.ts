import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { readConfig } from '../../src/config/config.ts'

const platform = 'postgresql://tributary:hunter2@db.example.org:5432/platform'
const gateway = 'postgresql://tributary:hunter3@db.example.org:5432/tributary'

describe('AUTH_ISSUER', () => {
  it.each([
    [{}, 'http://127.0.0.1:4000'],
    [{ HOST: '0.0.0.0', PORT: '80' }, 'http://localhost:80'],
    [{ HOST: '::1' }, 'http://[::1]:4000'],
    [{ AUTH_ISSUER: 'https://graph.example.org/' }, 'https://graph.example.org'],
    [{ AUTH_ISSUER: 'https://example.org/graph', NODE_ENV: 'production' }, 'https://example.org/graph'],
    [{ NODE_ENV: 'production' }, null],
  ])('of %o is %s', (env, issuer) => {
    expect(readConfig(env).auth.issuer).toBe(issuer)
  })
})

describe('GATEWAY_DATABASE_URL', () => {
  it('is the platform’s by default, pool and all', () => {
    const { gatewayDatabase } = readConfig({ DATABASE_URL: platform, PLATFORM_DB_MAX_CONNECTIONS: '9' })
    expect(gatewayDatabase).toMatchObject({ name: 'gateway', maxConnections: 9 })
    expect(gatewayDatabase?.url.reveal()).toBe(platform)
    expect(readConfig({}).gatewayDatabase).toBeUndefined()
  })

  it('may be its own', () => {
    const { gatewayDatabase, sources } = readConfig({
      DATABASE_URL: platform,
      GATEWAY_DATABASE_URL: `${gateway}?sslmode=require`,
      PLATFORM_DB_MAX_CONNECTIONS: '9',
    })
    expect(gatewayDatabase).toMatchObject({ name: 'gateway', maxConnections: 5, sslMode: 'require' })
    expect(sources.map(({ name }) => name)).toEqual(['platform'])
  })
})

describe('the secrets of signing in', () => {
  const secrets = { AUTH_SIGNING_KEY: 'hunter4', JWT_SECRET: 'hunter5', SERVICE_JWT_SECRET: 'hunter5' }

  it('are printed in no way', () => {
    const config = readConfig(secrets)
    for (const print of [JSON.stringify(config), inspect(config, { depth: 9, showHidden: true })])
      expect(print).not.toMatch(/hunter/)
    expect(config.auth.jwtSecret?.reveal()).toBe('hunter5')
  })

  it('are warned of when they are short, or the same, without being shown', () => {
    const { warnings } = readConfig(secrets)
    expect(warnings).toEqual([
      expect.stringContaining('JWT_SECRET is shorter'),
      expect.stringContaining('SERVICE_JWT_SECRET is shorter'),
      expect.stringContaining('are the same'),
    ])
    expect(warnings.join()).not.toMatch(/hunter/)
    expect(readConfig({ JWT_SECRET: 'x'.repeat(32) }).warnings).toEqual([])
  })
})

describe('what contradicts itself', () => {
  it.each([
    [{ AUTH_SIGNING_KEY: 'a', AUTH_SIGNING_KEY_FILE: 'b' }, 'keep one'],
    [{ AUTH_AUDIENCE: 'labeler' }, 'choose another'],
  ])('is refused: %o', (env, said) => {
    expect(() => readConfig(env)).toThrow(said)
  })
})
