import { readFileSync } from 'node:fs'
import { glob } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'
import { sourceNames } from '../src/config/source-names.ts'

const root = new URL('..', import.meta.url).pathname

/** What a folder of src/ may import besides itself; every arrow points downwards. */
const layers: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  config: ['errors'],
  auth: ['config', 'errors'],
  changes: ['database', 'config', 'errors'],
  database: ['config', 'errors'],
  graph: ['auth', 'changes', 'database', 'config', 'errors'],
  sources: ['graph', 'auth', 'changes', 'database', 'config', 'errors'],
  relations: ['sources', 'graph', 'auth', 'database', 'config', 'errors'],
  jobs: ['relations', 'sources', 'graph', 'auth', 'database', 'config', 'errors'],
  live: ['changes', 'jobs', 'relations', 'sources', 'graph', 'auth', 'database', 'config', 'errors'],
  server: [
    'schema.ts',
    'live',
    'jobs',
    'relations',
    'sources',
    'graph',
    'auth',
    'changes',
    'database',
    'config',
    'errors',
  ],
  embedded: ['database', 'config', 'errors'],
  'schema.ts': ['live', 'jobs', 'relations', 'sources', 'graph'],
  'identity.ts': ['server', 'auth', 'database', 'config', 'errors'],
  'capturing.ts': ['changes', 'sources', 'config', 'errors'],
  'subscribing.ts': [
    'capturing.ts',
    'live',
    'sources',
    'changes',
    'graph',
    'auth',
    'database',
    'config',
    'errors',
  ],
  'gateway.ts': [
    'capturing.ts',
    'subscribing.ts',
    'changes',
    'identity.ts',
    'schema.ts',
    'server',
    'sources',
    'graph',
    'auth',
    'database',
    'config',
    'errors',
  ],
  cli: [
    'capturing.ts',
    'gateway.ts',
    'schema.ts',
    'embedded',
    'sources',
    'graph',
    'auth',
    'changes',
    'database',
    'config',
    'errors',
  ],
  'main.ts': ['cli'],
}

interface Import {
  readonly file: string
  readonly target: string
}

async function sourceFiles(pattern: string): Promise<string[]> {
  const files: string[] = []
  for await (const file of glob(pattern, { cwd: root })) files.push(file)
  return files.toSorted()
}

const importsOf = (file: string): Import[] =>
  [...readFileSync(join(root, file), 'utf8').matchAll(/(?:from|import)\s*\(?\s*'(\.{1,2}\/[^']+)'/g)].map(
    (match) => ({
      file,
      target: relative(root, join(root, dirname(file), match[1] as string)),
    }),
  )

const layerOf = (file: string) => file.split('/')[1] as string

describe('the house', () => {
  it('has no folder in src/ that the layers do not name', async () => {
    const found = new Set((await sourceFiles('src/**/*.ts')).map(layerOf))
    expect([...found].filter((layer) => !(layer in layers))).toEqual([])
  })

  it('lets imports point downwards only', async () => {
    const imports = (await sourceFiles('src/**/*.ts')).flatMap(importsOf)
    expect(imports.length).toBeGreaterThan(100)
    const upward = imports.filter(({ file, target }) => {
      if (!target.startsWith('src/')) return false
      const [from, to] = [layerOf(file), layerOf(target)]
      return from !== to && !layers[from]?.includes(to)
    })
    expect(upward).toEqual([])
  })

  it('keeps sources from importing each other', async () => {
    const sourceOf = (file: string) => /^src\/sources\/(\w+)\//.exec(file)?.[1]
    const crossing = (await sourceFiles('src/sources/*/*.ts'))
      .flatMap(importsOf)
      .filter(({ file, target }) => sourceOf(target) !== undefined && sourceOf(target) !== sourceOf(file))
    expect(crossing).toEqual([])
  })

  it('reads the environment in config/ and at the process’s edge alone', async () => {
    const readers = (await sourceFiles('src/**/*.ts')).filter((file) =>
      /process\.env\b/.test(readFileSync(join(root, file), 'utf8')),
    )
    expect(readers).toEqual(['src/main.ts'])
  })

  it('lists every entity and every edge that has a file', async () => {
    for (const { name: source } of sourceNames) {
      const listed = importsOf(`src/sources/${source}/entities.ts`).map(({ target }) => target)
      const declaring = (await sourceFiles(`src/sources/${source}/*.ts`)).filter((file) =>
        /declareEntity\(|prismaObjectField\(|^match\(/m.test(readFileSync(join(root, file), 'utf8')),
      )
      expect(listed.toSorted()).toEqual(declaring)
    }
    const edges = importsOf('src/relations/edges.ts').map(({ target }) => target)
    expect(edges.toSorted()).toEqual(
      (await sourceFiles('src/relations/*.ts')).filter((file) => !file.endsWith('edges.ts')),
    )
  })

  it('keeps files short: 400 lines, tests 600', async () => {
    const long = (await sourceFiles('{src,test,bench,tools}/**/*.{ts,mjs}')).filter((file) => {
      const lines = readFileSync(join(root, file), 'utf8').split('\n').length
      return lines > (file.startsWith('test/') ? 600 : 400)
    })
    expect(long).toEqual([])
  })
})
