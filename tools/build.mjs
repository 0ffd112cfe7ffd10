// The production build: a folder, dist/ or the one named, that runs on Node alone, without node_modules.
//   tributary.mjs     the command line and all that it needs
//   sqlite-writer.mjs the thread that writes the change log
//   chunk-*.mjs …     what is loaded when it is asked for, as GraphiQL, and what that shares with the rest
//   *.node            native parts of dependencies, for the platform that built
//   sign-in.*         what GraphiQL's page has above it
//   migrations/       a folder a source
import { cpSync, readdirSync, rmSync } from 'node:fs'
import { basename, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const [, , named] = process.argv
const dist = resolve(named ?? `${root}dist`)
if (named === undefined) rmSync(dist, { recursive: true, force: true })

const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: { tributary: 'src/main.ts', 'sqlite-writer': 'src/changes/log/sqlite-writer.ts' },
  outdir: dist,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  // Chunks lie beside the entry: migrations are looked for beside the code.
  splitting: true,
  chunkNames: '[name]-[hash]',
  assetNames: '[name]-[hash]',
  loader: { '.node': 'copy' },
  platform: 'node',
  format: 'esm',
  target: 'node22',
  minifySyntax: true,
  legalComments: 'none',
  logLevel: 'warning',
  metafile: true,
  // CommonJS dependencies ask for these, which an ES module has not.
  banner: {
    js: [
      "import { createRequire as createRequireOfBundle } from 'node:module'",
      "import { dirname as dirnameOfBundle } from 'node:path'",
      "import { fileURLToPath as pathOfBundle } from 'node:url'",
      'const require = createRequireOfBundle(import.meta.url)',
      'const __filename = pathOfBundle(import.meta.url)',
      'const __dirname = dirnameOfBundle(__filename)',
    ].join('\n'),
  },
  // Optional native speed-up of pg, absent here.
  external: ['pg-native'],
})

for (const file of ['sign-in.html', 'sign-in.js'])
  cpSync(`${root}src/server/graphiql/${file}`, `${dist}/${file}`)

for (const source of readdirSync(`${root}prisma`)) {
  cpSync(`${root}prisma/${source}/migrations`, `${dist}/migrations/${source}`, { recursive: true })
}

for (const [file, { bytes }] of Object.entries(metafile.outputs))
  process.stdout.write(`${(bytes / 2 ** 20).toFixed(1).padStart(5)} MB  ${basename(file)}\n`)
