/*
 * Every cell of the databases holds a value that is nowhere else. A gateway that logs all it can is asked for
 * everything, and for what fails in many ways: no secret cell is in an answer, in the log, in the metrics or in what
 * health tells, and the log has no cell of any row.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createSchema } from '../../src/schema.ts'
import { cloneDatabases, type TestDatabases } from '../support/databases.ts'
import { startGateway, type TestGateway } from '../support/gateway.ts'
import { fieldsOf } from '../support/schema-fields.ts'
import { keepWorlds } from '../support/worlds.ts'
import { handMadeWorld, tokenOf } from './hand-made-world.ts'
import { columnOf, globalId, keyColumn, plural, singular, types } from './names.ts'
import { Oracle, secretColumns, type TypeTable, tables } from './oracle.ts'

const schema = createSchema()

let databases: TestDatabases
let gateway: TestGateway
let oracle: Oracle
const said: string[] = []

beforeAll(async () => {
  databases = await cloneDatabases()
  const keeper = await keepWorlds(databases)
  const accounts = await databases.client('users')
  await accounts.query("ALTER TYPE userrole ADD VALUE 'auditor'")
  const world = handMadeWorld(keeper.columns)
  await keeper.put(world)
  oracle = new Oracle(world)
  gateway = await startGateway({ urls: databases.urls, env: { LOG_LEVEL: 'trace', BCRYPT_COST: '4' } })
}, 60_000)

afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await databases[Symbol.asyncDispose]()
})

async function ask(document: string, variables?: object): Promise<void> {
  said.push(JSON.stringify(await gateway.execute(document, variables)))
}

const leaves = (type: string) =>
  fieldsOf(schema, type)
    .filter(({ kind }) => kind === 'scalar')
    .map(({ name }) => name)

/** Sentinels of columns by what is true of them; `~12~` and the like. */
function tokensOf(isWanted: (table: string, column: string) => boolean): Set<string> {
  const tokens = new Set<string>()
  for (const type of types)
    for (const row of oracle.rows(type))
      for (const [column, value] of Object.entries(row)) {
        const token = tokenOf(value)
        if (token?.startsWith('~') && isWanted((tables[type] as TypeTable).table, column)) tokens.add(token)
      }
  return tokens
}

const found = (text: string, tokens: ReadonlySet<string>) =>
  [...text.matchAll(/~\d+~/g)].map(([token]) => token).filter((token) => tokens.has(token))

describe('what nobody is ever told', () => {
  it('is asked for in every way', async () => {
    for (const type of types) {
      await ask(`{ ${plural(type)}(first: 200) { totalCount nodes { ${leaves(type).join(' ')} } } }`)
      const [row] = oracle.rows(type)
      if (row)
        await ask(
          `{ node(id: "${globalId(type, row[keyColumn(type)])}") { ... on ${type} { ${leaves(type).join(' ')} } } }`,
        )
      // Values that are not of a column's type, keys that are none, columns that there are not.
      await ask(`query ($filter: ${type}Filter) { ${plural(type)}(filter: $filter) { totalCount } }`, {
        filter: Object.fromEntries(leaves(type).map((name) => [name, { eq: '~1~' }])),
      })
      await ask(`{ ${plural(type)}(first: 1, after: "~1~") { nodes { id } } }`)
      await ask(`{ ${singular(type)}(id: "${globalId(type, '~1~')}") { id } }`)
    }
    const token = oracle.rows('Invitation').map((row) => row.token)[0]
    await ask(
      'mutation ($token: String!) { acceptInvitation(input: { token: $token, password: "short" }) { __typename ... on MutationError { message } } }',
      { token },
    )
    for (const { email, hashed_password } of oracle.rows('User'))
      await ask(
        'mutation ($email: String!, $password: String!) { signIn(input: { email: $email, password: $password }) { __typename ... on MutationError { message } } }',
        { email, password: hashed_password },
      )
    expect(said.join('')).toMatch(/~\d+~/)
    expect(said.length).toBeGreaterThan(150)
  }, 60_000)

  it('is asked for while statements fail, also with the row in the error', async () => {
    const platform = await databases.client('platform')
    // A view in the table's place: every row that is read throws, and Postgres quotes what it read.
    await platform.query(`
      ALTER TABLE experiments RENAME TO hidden_experiments;
      CREATE VIEW experiments AS SELECT id, project_id, (name::text::integer)::text AS name, description, tags,
        mlflow_experiment_id, mlflow_experiment_name, num_runs, num_completed_runs, best_metrics, created_at, updated_at
      FROM hidden_experiments`)
    await ask('{ experiments { nodes { name } } }')
    await ask('{ projects { nodes { experiments { nodes { name } } } } }')
    expect(said.slice(-2).join('')).toMatch(/"errors"/)
    const errors = gateway.log.filter(({ msg }) => msg === 'unexpected error')
    expect(errors.length).toBeGreaterThan(0)
  })

  it('is in no answer', () => {
    const secret = tokensOf((table, column) => secretColumns[table]?.includes(column) === true)
    expect(secret.size).toBeGreaterThan(20)
    expect(found(said.join('\n'), secret)).toEqual([])
  })

  it('is in no line of the log, nor is any other cell', async () => {
    const cells = tokensOf(() => true)
    expect(gateway.log.length).toBeGreaterThan(150)
    expect(gateway.log.filter((line) => found(JSON.stringify(line), cells).length > 0)).toEqual([])
  })

  it('is in no metric, and nothing that health tells', async () => {
    const cells = tokensOf(() => true)
    for (const path of ['/metrics', '/health/live', '/health/ready', '/health/db']) {
      const response = await fetch(new URL(path, gateway.url))
      expect(response.status, path).toBe(200)
      const text = await response.text()
      expect(found(text, cells), path).toEqual([])
      for (const url of Object.values(databases.urls)) {
        const { password } = new URL(url)
        if (password) expect(text, path).not.toContain(password)
      }
    }
  })

  it('has no column that a filter could be asked about', () => {
    for (const type of types) {
      const { table } = tables[type] as TypeTable
      const columns = leaves(type).map((name) => columnOf(type, name))
      for (const column of secretColumns[table] ?? []) expect(columns, type).not.toContain(column)
    }
  })
})
