import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { environmentHelp, readConfig } from '../../src/config/config.ts'
import { variables } from '../../src/config/env.ts'
import { sourceNames } from '../../src/config/source-names.ts'
import { TributaryError } from '../../src/errors/tributary-error.ts'

const url = (database: string) => `postgresql://tributary:hunter2@db.example.org:5432/${database}`

/** The lines that say what is wrong with an environment. */
function mistakes(environment: Record<string, string>): string[] {
  try {
    readConfig(environment)
  } catch (error) {
    expect(error).toBeInstanceOf(TributaryError)
    expect(error).toMatchObject({ code: 'CONFIG_INVALID' })
    return (error as Error).message.split('\n').slice(1)
  }
  throw new Error('The environment was accepted.')
}

describe('readConfig', () => {
  it('has defaults for everything', () => {
    expect(readConfig({})).toEqual({
      production: false,
      home: '.tributary',
      jobCommands: 'none',
      gpuDev: { reservationQueue: 'gpu_reservations', diskQueue: 'disk_operations', apiKeyHours: 2 },
      replay: { isOn: true, speed: 1, traceFolder: undefined },
      changes: {
        capturesHere: true,
        log: { kind: 'file', folder: '.tributary/changes' },
        ownLog: { kind: 'file', folder: '.tributary/changes' },
        retentionMs: 3_600_000,
        maxBytes: 1_073_741_824,
      },
      auth: {
        issuer: 'http://127.0.0.1:4000',
        audience: 'tributary',
        signingAlgorithm: 'EdDSA',
        accessTokenLifetime: 3600,
        refreshTokenLifetime: 604_800,
        clockTolerance: 5,
        passwordHash: 'bcrypt',
        bcryptCost: 12,
        trustedIssuers: [],
      },
      http: {
        host: '127.0.0.1',
        port: 4000,
        corsOrigins: [],
        trustedProxies: 0,
        maxBodyBytes: 1_048_576,
        receiveTimeoutMs: 15_000,
        requestTimeoutMs: 30_000,
        keepAliveTimeoutMs: 5000,
        shutdownGraceMs: 10_000,
      },
      websocket: { maxSocketsPerAddress: 500, maxOperationsPerSocket: 100, maxUnreadBytes: 4_194_304 },
      admission: { maxConcurrent: 32, maxQueued: 256 },
      limits: {
        maxTokens: 2000,
        maxDepth: 16,
        maxAliases: 50,
        maxDirectives: 50,
        maxFields: 1000,
        maxCost: 10_000,
      },
      graphql: { graphiql: true, introspection: true, suggestions: true },
      log: { level: 'info', format: 'pretty' },
      sources: [],
      warnings: [],
    })
  })

  it('turns off in production what helps developers', () => {
    expect(readConfig({ NODE_ENV: 'production' })).toMatchObject({
      production: true,
      graphql: { graphiql: false, introspection: false, suggestions: false },
      log: { format: 'json' },
    })
    expect(readConfig({ NODE_ENV: 'production', LOG_FORMAT: 'pretty' }).log.format).toBe('pretty')
  })

  it('is frozen through and through', () => {
    const config = readConfig({ DATABASE_URL: url('platform') })
    for (const value of [config, config.http, config.limits, config.sources, config.sources[0]])
      expect(Object.isFrozen(value)).toBe(true)
  })

  it('takes an empty variable for an absent one', () => {
    expect(readConfig({ PORT: '', DATABASE_URL: ' ' })).toEqual(readConfig({}))
  })

  it('reads lists, levels and times', () => {
    const config = readConfig({
      CORS_ORIGINS: 'https://a.example.org/, http://localhost:3000',
      LOG_LEVEL: 'DEBUG',
      REQUEST_TIMEOUT: '0.5',
      TRUST_PROXY: '2',
    })
    expect(config.http).toMatchObject({
      corsOrigins: ['https://a.example.org', 'http://localhost:3000'],
      requestTimeoutMs: 500,
      trustedProxies: 2,
    })
    expect(config.log.level).toBe('debug')
  })
})

describe('sources', () => {
  it('are those that have a URL, with the settings of their pools', () => {
    const { sources } = readConfig({
      DATABASE_URL: url('platform'),
      INFERENCE_DATABASE_URL: url('pic_db'),
      DB_MAX_CONNECTIONS: '7',
      DB_STALE_TIMEOUT: '60',
      INFERENCE_DB_MAX_CONNECTIONS: '2',
      INFERENCE_DB_STATEMENT_TIMEOUT: '1.5',
      INFERENCE_TIME_ZONE: 'Asia/Seoul',
    })
    expect(sources).toMatchObject([
      {
        name: 'platform',
        maxConnections: 7,
        staleTimeoutMs: 60_000,
        statementTimeoutMs: 15_000,
        sslMode: 'prefer',
      },
      {
        name: 'inference',
        maxConnections: 2,
        staleTimeoutMs: 60_000,
        statementTimeoutMs: 1500,
        timeZone: 'Asia/Seoul',
      },
    ])
    expect(sources[0]).not.toHaveProperty('timeZone')
    expect(sources[1]?.url.reveal()).toBe(url('pic_db'))
  })

  it('have times in UTC unless a zone is set', () => {
    expect(readConfig({ INFERENCE_DATABASE_URL: url('pic_db') }).sources[0]?.timeZone).toBe('UTC')
  })

  it('take their SSL mode from the URL, else from their own variable, else from the common one', () => {
    const { sources } = readConfig({
      DATABASE_URL: `${url('platform')}?sslmode=verify-full`,
      USER_DATABASE_URL: url('users'),
      INFERENCE_DATABASE_URL: url('pic_db'),
      DB_SSL_MODE: 'require',
      PLATFORM_DB_SSL_MODE: 'disable',
      USERS_DB_SSL_MODE: 'disable',
    })
    expect(sources.map(({ sslMode }) => sslMode)).toEqual(['verify-full', 'disable', 'require'])
  })

  it('may be reached by a socket', () => {
    const socket = 'postgresql:///platform?host=/var/run/postgresql'
    expect(readConfig({ DATABASE_URL: socket }).sources[0]?.url.reveal()).toBe(socket)
  })
})

describe('a secret', () => {
  it('is not printed in any way', () => {
    const config = readConfig({ DATABASE_URL: url('platform') })
    const prints = [
      JSON.stringify(config),
      inspect(config, { depth: 9, showHidden: true }),
      `${config.sources[0]?.url}`,
    ]
    for (const print of prints) {
      expect(print).toContain('[secret]')
      expect(print).not.toContain('hunter2')
    }
  })

  it.each([
    ['another scheme', 'mysql://tributary:hunter2@db/platform', 'postgresql://'],
    ['no scheme', 'tributary:hunter2@db/platform', 'postgresql://'],
    ['a # in the password', 'postgresql://tributary:hunter2#x@db/platform', '%23'],
    ['a / in the password', 'postgresql://tributary:hunter2/x@db/platform', '%2F'],
    ['a % in the password', 'postgresql://tributary:hunter2%x@db/platform', '%25'],
    ['a port that is none', 'postgresql://tributary:hunter2@db:x/platform', 'not a URL'],
    ['no database', 'postgresql://tributary:hunter2@db', 'names no database'],
    ['no host', 'postgresql:///platform', 'names no host'],
    ['another sslmode', 'postgresql://tributary:hunter2@db/platform?sslmode=maybe', 'sslmode'],
  ])('with %s is described and not shown', (_, value, said) => {
    const [line, ...others] = mistakes({ DATABASE_URL: value })
    expect(others).toEqual([])
    expect(line).toContain('DATABASE_URL')
    expect(line).toContain(said)
    expect(line).not.toContain('hunter2')
  })
})

describe('mistakes', () => {
  it('are told all at once, with the value and what it must be', () => {
    expect(
      mistakes({
        PORT: '70000',
        NODE_ENV: 'staging',
        CORS_ORIGINS: 'dashboard.example.org',
        MAX_DEPTH: '1e3',
        REQUEST_TIMEOUT: '0',
        DB_SSL_MODE: 'yes',
        INFERENCE_TIME_ZONE: '+09:00',
        USERS_DB_MAX_CONNECTIONS: '-1',
        USER_DATABASE_URL: 'hunter2',
      }),
    ).toEqual([
      '  NODE_ENV="staging" must be development, production or test.',
      '  PORT="70000" must be a whole number from 0 to 65,535.',
      '  CORS_ORIGINS="dashboard.example.org" must list origins, as in https://dashboard.example.org.',
      '  MAX_DEPTH="1e3" must be a whole number from 1 to 100.',
      '  REQUEST_TIMEOUT="0" must be seconds from 0.001 to 3,600.',
      '  DB_SSL_MODE="yes" must be disable, allow, prefer, require, verify-ca or verify-full.',
      '  USER_DATABASE_URL must begin with postgresql://, as in postgresql://user:password@host:5432/database.',
      '  INFERENCE_TIME_ZONE="+09:00" must be an IANA time zone, as in Asia/Seoul.',
      '  USERS_DB_MAX_CONNECTIONS="-1" must be a whole number from 1 to 1,000.',
    ])
  })

  it('in names are warned of, without the value', () => {
    const { warnings } = readConfig({
      DB_MAX_CONECTIONS: '9',
      USERS_DATABASE_URL: url('users'),
      DB_HOST: 'db',
      PATH: '/bin',
      HOSTNAME: 'h',
    })
    expect(warnings).toEqual([
      'DB_MAX_CONECTIONS is not read; DB_MAX_CONNECTIONS may be meant',
      'USERS_DATABASE_URL is not read; USER_DATABASE_URL may be meant',
    ])
  })
})

describe('environmentHelp', () => {
  it('has a line for every variable, but for the overrides, which it explains', () => {
    const help = environmentHelp()
    for (const [name, { description, fallback }] of Object.entries(variables)) {
      if (sourceNames.some(({ prefix }) => name.startsWith(`${prefix}_DB_`))) continue
      const line = help.split('\n').find((text) => text.trim().startsWith(`${name} `))
      expect(line).toContain(description)
      if (fallback) expect(line).toContain(`(${fallback})`)
    }
    expect(help).toContain('PLATFORM_DB_MAX_CONNECTIONS')
  })
})
