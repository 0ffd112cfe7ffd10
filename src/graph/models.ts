import type GpudevTypes from '../../prisma/gpudev/generated/pothos.ts'
import { getDatamodel as gpudev } from '../../prisma/gpudev/generated/pothos.ts'
import type IaasTypes from '../../prisma/iaas/generated/pothos.ts'
import { getDatamodel as iaas } from '../../prisma/iaas/generated/pothos.ts'
import type InferenceTypes from '../../prisma/inference/generated/pothos.ts'
import { getDatamodel as inference } from '../../prisma/inference/generated/pothos.ts'
import type MlopsTypes from '../../prisma/mlops/generated/pothos.ts'
import { getDatamodel as mlops } from '../../prisma/mlops/generated/pothos.ts'
import type PlatformTypes from '../../prisma/platform/generated/pothos.ts'
import { getDatamodel as platform } from '../../prisma/platform/generated/pothos.ts'
import type SkypilotTypes from '../../prisma/skypilot/generated/pothos.ts'
import { getDatamodel as skypilot } from '../../prisma/skypilot/generated/pothos.ts'
import type UsersTypes from '../../prisma/users/generated/pothos.ts'
import { getDatamodel as users } from '../../prisma/users/generated/pothos.ts'

/** The models of every database, by name: what Prisma's clients and Pothos agree on. */
export interface PrismaTypes
  extends PlatformTypes,
    UsersTypes,
    InferenceTypes,
    IaasTypes,
    SkypilotTypes,
    GpudevTypes,
    MlopsTypes {}

export type ModelName = keyof PrismaTypes & string

/** A row's columns as Prisma gives them. */
export type Row<M extends ModelName = ModelName> = PrismaTypes[M]['Shape']

interface Datamodel {
  readonly models: Readonly<Record<string, unknown>>
}

const modelsOf = (datamodel: unknown) => (datamodel as { datamodel: Datamodel }).datamodel.models

/**
 * The datamodels of several Prisma clients as one. Pothos looks a model up by its name alone, so two databases
 * that use one name would silently answer for each other.
 *
 * @throws Error when a model name occurs in two databases.
 */
export function joinDatamodels(datamodels: readonly unknown[]): { datamodel: Datamodel } {
  const models: Record<string, unknown> = {}
  for (const datamodel of datamodels)
    for (const [name, model] of Object.entries(modelsOf(datamodel))) {
      if (name in models)
        throw new Error(`Two databases have a Prisma model named ${name}; rename one of them.`)
      models[name] = model
    }
  return { datamodel: { models } }
}

export const datamodel = joinDatamodels([
  platform(),
  users(),
  inference(),
  iaas(),
  skypilot(),
  gpudev(),
  mlops(),
])
