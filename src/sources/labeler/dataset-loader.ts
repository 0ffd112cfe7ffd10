/*
 * How datasets are read for one request. The Labeler's reads ask for nobody's permission: whoever calls must. A whole
 * record tells whether it is public or the viewer's own; the batch call's does not, so it saves calls only where the
 * permission is known, or few are asked for. What was read serves other requests for a moment, the viewer's permission
 * is decided anew for each. Where the Labeler does not say that a viewer may see a dataset, the viewer may not.
 */
import DataLoader from 'dataloader'
import { TributaryError } from '../../errors/tributary-error.ts'
import { type GraphContext, memoised } from '../../graph/context.ts'
import {
  batchAnswer,
  batchMembers,
  type DatasetRecord,
  datasetRecord,
  ownerOf,
  permissionAnswer,
} from './dataset-record.ts'
import { Labeler, type LabelerCall } from './labeler.ts'

/** Ids that one batch call takes. */
const maximumBatch = 50

/** What of a dataset is wanted: what the batch call gives, or all. */
export type Extent = 'batch' | 'whole'

/**
 * A dataset that the viewer sees.
 *
 * @returns null where there is none, or none for the viewer.
 * @throws TributaryError SOURCE_*; COST_LIMIT when the request comes to too many calls.
 */
export async function loadDataset(
  context: GraphContext,
  id: string,
  extent: Extent,
): Promise<DatasetRecord | null> {
  const user = readerOf(context)
  if (user === null || !isDatasetId(id)) return null
  const known = context.service(Labeler).records.get(id)
  const record = known !== undefined ? known : await loaderOf(context, user, extent).load(id)
  return record && (await maySee(context, user, record)) ? record : null
}

/** Whom the Labeler is asked in the name of; null for who sees no dataset. */
export function readerOf({ viewer: { principal } }: GraphContext): number | null {
  return principal.kind === 'user' && principal.audience === 'tributary' ? principal.id : null
}

/** Texts that a path can hold without meaning another place in it. */
const isDatasetId = (id: string) => /^[\w.:-]{1,100}$/.test(id) && !/^\.+$/.test(id)

/** Makes a call, within what one request may. */
export async function callLabeler<T>(context: GraphContext, call: LabelerCall<T>): Promise<T | null> {
  const labeler = context.service(Labeler)
  const calls = memoised(context, 'labeler calls', () => ({ count: 0 }))
  if (labeler.status === 'AVAILABLE' && ++calls.count > labeler.maxCallsPerRequest)
    throw new TributaryError(
      'COST_LIMIT',
      `One request may come to ${labeler.maxCallsPerRequest} calls of the labeler; ask for fewer datasets.`,
      { extensions: { source: 'labeler' } },
    )
  return labeler.call(call)
}

function loaderOf(
  context: GraphContext,
  user: number,
  extent: Extent,
): DataLoader<string, DatasetRecord | null> {
  return memoised(context, `labeler ${extent}`, () =>
    extent === 'batch'
      ? new DataLoader((ids: readonly string[]) => readBatch(context, user, ids), {
          maxBatchSize: maximumBatch,
        })
      : new DataLoader((ids: readonly string[]) =>
          Promise.all(ids.map((id) => readWhole(context, user, id).catch(asError))),
        ),
  )
}

/** A failure that concerns its id alone. */
const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)))

async function readWhole(context: GraphContext, user: number, id: string): Promise<DatasetRecord | null> {
  const path = `api/v1/platform/datasets/${encodeURIComponent(id)}`
  const schema = datasetRecord.refine((record) => record.id === id, {
    error: 'it is another dataset',
    path: ['id'],
  })
  const record = await callLabeler(context, { path, user, schema })
  context.service(Labeler).records.set(id, record)
  return record
}

async function readBatch(
  context: GraphContext,
  user: number,
  ids: readonly string[],
): Promise<(DatasetRecord | null)[]> {
  const answer = await callLabeler(context, {
    path: 'api/v1/platform/datasets/batch',
    body: { dataset_ids: ids, fields: batchMembers },
    user,
    schema: batchAnswer,
  })
  return ids.map((id) => {
    const record = answer?.datasets.get(id)
    // Which dataset it is decides who sees it, so it has to be the one that was asked for.
    return record?.id === id ? record : null
  })
}

/** Whether the viewer may see a dataset: public, own, or by the Labeler's word. */
async function maySee(context: GraphContext, user: number, record: DatasetRecord): Promise<boolean> {
  if (record.visibility === 'public' || ownerOf(record) === user) return true
  const { permissions } = context.service(Labeler)
  const key = `${user} ${record.id}`
  const known = permissions.get(key)
  if (known !== undefined) return known
  return memoised(context, `labeler permission ${key}`, async () => {
    const path = `api/v1/platform/datasets/${encodeURIComponent(record.id)}/permissions/${user}`
    const answer = await callLabeler(context, { path, user, schema: permissionAnswer })
    const hasAccess = answer?.has_access === true
    permissions.set(key, hasAccess)
    return hasAccess
  })
}
