import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { commands } from '../../src/cli/commands.ts'
import { root } from '../cli/tributary-process.ts'

const folder = join(root, 'deploy/kubernetes')
const manifests = readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')] as const)

describe('the manifests for Kubernetes', () => {
  it.each(manifests)(
    '%s runs a command that there is, without rights that it does not need',
    (_name, text) => {
      const args = [...text.matchAll(/^ +args: \[(.*)\]$/gm)].map(([, list = '']) =>
        list.split(', ').join(' '),
      )
      expect(args.length).toBeGreaterThan(0)
      for (const line of args)
        expect(
          commands.some(({ name }) => line === name || line.startsWith(`${name} `)),
          line,
        ).toBe(true)
      expect(text).toContain('runAsNonRoot: true')
      expect(text).toContain('readOnlyRootFilesystem: true')
      expect(text).not.toMatch(/postgres(ql)?:\/\//)
    },
  )

  it('probe what the gateway answers', () => {
    const probes = manifests.flatMap(([, text]) =>
      [...text.matchAll(/path: (\/\S+),/g)].map(([, path]) => path),
    )
    expect(new Set(probes)).toEqual(new Set(['/health/live', '/health/ready']))
  })
})

describe('the job for SLURM', () => {
  it('is a script that bash understands', () => {
    expect(() => execFileSync('bash', ['-n', join(root, 'deploy/slurm/tributary.sbatch')])).not.toThrow()
  })
})
