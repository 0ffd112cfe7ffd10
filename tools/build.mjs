// The production build: one file without node_modules, and the migrations beside it.
import { cpSync, readdirSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
rmSync(`${root}dist`, { recursive: true, force: true })

await build({
  absWorkingDir: root,
  entryPoints: { tributary: 'src/main.ts' },
  outdir: 'dist',
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node22',
  minifySyntax: true,
  legalComments: 'none',
  logLevel: 'warning',
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

for (const source of readdirSync(`${root}prisma`)) {
  cpSync(`${root}prisma/${source}/migrations`, `${root}dist/migrations/${source}`, { recursive: true })
}
