import { z } from 'zod'

/**
 * A dataset as the Labeler's API gives it. Only its id is relied on; every other member is checked when a field asks
 * for it, so that one that has changed its type takes nothing along.
 */
export const datasetRecord = z.looseObject({ id: z.string() })

export type DatasetRecord = Readonly<z.infer<typeof datasetRecord>>

/** Members that the batch call gives back; it drops all others, and fails where they are not asked for by name. */
export const batchMembers = ['id', 'name', 'format', 'num_images', 'storage_path'] as const

/** The answer of the batch call: the records by their ids, whatever those are. */
export const batchAnswer = z.object({
  datasets: z
    .record(z.string(), datasetRecord.nullable())
    .transform((datasets) => new Map(Object.entries(datasets))),
})

/** The answer of the list. */
export const listAnswer = z.object({
  total: z.number().int().nonnegative(),
  datasets: z.array(datasetRecord),
})

/** The answer of the permission call. */
export const permissionAnswer = z.object({ has_access: z.boolean() })

/** The key of a dataset's owner: a number, which the newest Labeler writes as another system's text. */
export function ownerOf({ owner_id: owner }: DatasetRecord): number | null {
  const number = typeof owner === 'string' && /^\d{1,9}$/.test(owner) ? Number(owner) : owner
  return Number.isInteger(number) ? (number as number) : null
}
