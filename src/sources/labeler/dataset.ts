import { z } from 'zod'
import { datasetFieldRule } from '../../auth/policy.ts'
import { ruleFor } from '../../auth/viewer.ts'
import { TributaryError } from '../../errors/tributary-error.ts'
import { builder } from '../../graph/builder.ts'
import type { GraphContext } from '../../graph/context.ts'
import { timestampToDateTime } from '../../graph/date-time.ts'
import { enumeration } from '../../graph/enumeration.ts'
import { decodeIdOf, encodeId } from '../../graph/global-id.ts'
import { addNode, Node } from '../../graph/node.ts'
import { requestedFields } from '../../graph/requested-fields.ts'
import { nameType } from '../../graph/type-name.ts'
import { type Extent, loadDataset } from './dataset-loader.ts'
import { batchMembers, type DatasetRecord, ownerOf } from './dataset-record.ts'

const named = { name: 'Dataset' }

/** A dataset, as the graph knows it. */
export const Dataset = builder.objectRef<DatasetRecord>(named.name)

/** Types that the members of a record may have. */
const text = z.string()
const number = z.number().int()
const flag = z.boolean()
const texts = z.array(z.string())
// Some releases write the zone and some do not; without one it is UTC.
const moment = z.string().transform((value, given) => {
  const at = timestampToDateTime(value, { local: false })
  if (at === null) given.addIssue({ code: 'custom', message: 'it is no moment' })
  return at ?? z.NEVER
})

const Visibility = enumeration('DatasetVisibility', 'Who sees a dataset.', {
  PRIVATE: { stored: 'private', description: 'Its owner, and whoever was given access.' },
  ORGANIZATION: { stored: 'organization', description: 'Whoever the Labeler lets in.' },
  PUBLIC: { stored: 'public', description: 'Everybody who is signed in.' },
})

interface Member<T> {
  readonly member: string
  readonly schema: z.ZodType<T>
  readonly description: string
}

/** The value of a record's member. @throws TributaryError SOURCE_MISMATCH where it is of another type. */
function read<T>(record: DatasetRecord, { member, schema }: Member<T>): T | null {
  const value = record[member]
  if (value === undefined || value === null) return null
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const why = parsed.error.issues[0]?.message ?? 'it has another type'
  throw new TributaryError(
    'SOURCE_MISMATCH',
    `labeler: ${member} of a dataset is not as its API says: ${why}.`,
    {
      extensions: { source: 'labeler' },
    },
  )
}

const member = <T>(name: string, schema: z.ZodType<T>, description: string): Member<T> => ({
  member: name,
  schema,
  description,
})

Dataset.implement({
  description: 'A set of images in the Labeler, with how far it is labelled.',
  interfaces: [Node],
  fields: (t) => {
    const string = (given: Member<string>) =>
      t.string({ nullable: true, description: given.description, resolve: (record) => read(record, given) })
    const integer = (given: Member<number>) =>
      t.int({ nullable: true, description: given.description, resolve: (record) => read(record, given) })
    const strings = (given: Member<string[]>) =>
      t.stringList({
        nullable: true,
        description: given.description,
        resolve: (record) => read(record, given),
      })
    const dateTime = (given: Member<string>) =>
      t.field({
        type: 'DateTime',
        nullable: true,
        description: given.description,
        resolve: (record) => read(record, given),
      })
    return {
      id: t.id({
        nullable: false,
        description: 'Unique in the whole graph, opaque; `node` takes it.',
        resolve: (record) => encodeId(named, record.id),
      }),
      databaseId: t.string({
        nullable: false,
        description: 'Key in the Labeler.',
        resolve: ({ id }) => id,
      }),
      name: string(member('name', text, 'What people call it.')),
      description: string(member('description', text, 'What is in it.')),
      format: string(member('format', text, 'Layout of its files, such as images, coco, yolo or dice.')),
      labeled: t.boolean({
        nullable: true,
        description: 'Whether its images have labels.',
        resolve: (record) => read(record, member('labeled', flag, '')),
      }),
      storageType: string(member('storage_type', text, 'Kind of the store: s3 or r2.')),
      storagePath: t.string({
        nullable: true,
        description: 'Where its files lie in the object store. Internal: for administrators.',
        resolve: (record, _args, context) =>
          maySeeField(context, 'storagePath') ? read(record, member('storage_path', text, '')) : null,
      }),
      annotationPath: string(member('annotation_path', text, 'Where its labels lie.')),
      numClasses: integer(member('num_classes', number, 'Classes that are told apart.')),
      numImages: integer(member('num_images', number, 'Images in it.')),
      classNames: strings(member('class_names', texts, 'Names of the classes.')),
      publishedTaskTypes: strings(member('published_task_types', texts, 'Tasks whose labels are published.')),
      tags: strings(member('tags', texts, 'Free labels.')),
      visibility: t.field({
        type: Visibility.ref,
        nullable: true,
        description: 'Who sees it.',
        resolve: (record) => {
          const stored = read(record, member('visibility', text, ''))
          return stored === null ? null : Visibility.label(stored)
        },
      }),
      visibilityRaw: string(member('visibility', text, 'The text of `visibility` as the Labeler has it.')),
      ownerId: t.int({
        nullable: true,
        description: 'Key of the user whose it is, in the users database.',
        resolve: ownerOf,
      }),
      version: integer(member('version', number, 'Counted up with every change.')),
      contentHash: string(member('content_hash', text, 'SHA-256 of its content, in hexadecimal.')),
      createdAt: dateTime(member('created_at', moment, 'When it was made.')),
      updatedAt: dateTime(member('updated_at', moment, 'When it was changed last.')),
    }
  },
})

const maySeeField = (context: GraphContext, field: string) =>
  ruleFor(context.viewer, datasetFieldRule(field)).kind === 'always'

/** Fields that the batch call brings along. */
const batchFields = new Set([
  '__typename',
  'id',
  'databaseId',
  ...batchMembers.map((name) => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())),
])

/** How much of a dataset the document asks for, given the names of the fields. */
export const extentOf = (fields: ReadonlySet<string>): Extent =>
  fields.isSubsetOf(batchFields) ? 'batch' : 'whole'

/** A dataset that the viewer sees, as a node of the graph. */
export async function findDataset(
  context: GraphContext,
  id: string,
  fields: ReadonlySet<string>,
): Promise<DatasetRecord | null> {
  const record = await loadDataset(context, id, extentOf(fields))
  return record && nameType(record, named)
}

addNode(named.name, (key, context, info) => findDataset(context, key, requestedFields(info)))

builder.queryField('dataset', (t) =>
  t.field({
    type: Dataset,
    nullable: true,
    description: 'The Dataset with this key or id; null when there is none.',
    args: {
      databaseId: t.arg.string({ description: 'Its key in the Labeler.' }),
      id: t.arg.id({ description: 'Its id in the graph.' }),
    },
    resolve: (_root, { databaseId, id }, context, info) => {
      if ((databaseId == null) === (id == null))
        throw new TributaryError('BAD_INPUT', 'dataset takes either databaseId or id.')
      const key = databaseId ?? decodeIdOf(named.name, id ?? '')
      return findDataset(context, key, requestedFields(info))
    },
  }),
)
