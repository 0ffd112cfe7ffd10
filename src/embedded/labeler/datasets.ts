import { type DomainName, domains } from '../seed/domains.ts'
import { people } from '../seed/people.ts'
import { projects } from '../seed/projects.ts'
import { Random } from '../seed/random.ts'
import { day, hour, now, timestamp } from '../seed/time.ts'

/** Datasets beside those that jobs were trained on, so that lists have pages. */
const others = 70
const visibilities = { public: 50, organization: 20, private: 30 }
const formats = { images: 25, imagefolder: 20, coco: 20, yolo: 20, dice: 15 }
const taskNames = {
  image_classification: 'classification',
  object_detection: 'detection',
  instance_segmentation: 'segmentation',
  semantic_segmentation: 'segmentation',
  pose_estimation: 'geometry',
} as const

/** Rows of the Labeler's tables: the datasets behind the seeded snapshots under their keys, and some more. */
export function datasetRows() {
  const random = new Random('labeler')
  const { persons } = people()
  const keys = new Map(projects(persons).snapshots.map(({ domain, datasetId }) => [domain, datasetId]))
  const engineers = persons.filter(({ role }) => role !== 'guest')
  const names = Object.keys(domains) as DomainName[]
  const list = [
    ...names.map((domain) => ({ domain, id: keys.get(domain) ?? domain, suffix: '' })),
    ...Array.from({ length: others }, (_, index) => ({
      domain: random.pick(names),
      id: `ds_${random.hex(16)}`,
      suffix: ` ${String(index + 1).padStart(2, '0')}`,
    })),
  ]
  const datasets = list.map(({ domain, id, suffix }, index) => {
    const { dataset, task, classes, images } = domains[domain]
    const isLabeled = suffix === '' || random.chance(0.7)
    const created = now - (list.length - index) * 4 * day - random.integer(0, 20 * hour)
    return {
      id,
      name: `${dataset}${suffix}`,
      description: random.chance(0.6) ? `Images of ${classes.slice(0, 2).join(' and ')}.` : null,
      owner_id: index % 9 === 0 ? 2 : random.pick(engineers).id,
      visibility: suffix === '' ? visibilityOf(index) : random.weighted(visibilities),
      tags: random.chance(0.5)
        ? JSON.stringify(random.sample(['raw', 'round 2', 'customer', 'night'], 2))
        : null,
      storage_path: `datasets/${id}/`,
      storage_type: random.chance(0.8) ? 'r2' : 's3',
      format: random.weighted(formats),
      labeled: isLabeled,
      annotation_path: isLabeled ? `datasets/${id}/annotations/annotations.json` : null,
      num_classes: isLabeled ? classes.length : null,
      num_images: suffix === '' ? images : random.integer(40, images),
      class_names: isLabeled ? JSON.stringify(classes) : null,
      version: random.integer(1, 6),
      content_hash: random.chance(0.8) ? random.hex(64) : null,
      created_at: timestamp(created),
      updated_at: timestamp(created + random.integer(0, 3 * day)),
      published_task_types: isLabeled ? [taskNames[task]] : [],
    }
  })
  return {
    datasets,
    annotation_projects: datasets
      .filter(({ labeled }) => labeled)
      .map(({ id, owner_id, published_task_types, num_images }) => ({
        id: `proj_${id.slice(3)}`,
        dataset_id: id,
        owner_id,
        task_types: published_task_types,
        annotated_images: Math.floor(num_images * 0.9),
      })),
    dataset_permissions: datasets
      .filter(({ visibility }) => visibility !== 'public')
      .flatMap(({ id, owner_id }) =>
        random
          .sample(persons, 3)
          .filter((person) => person.id !== owner_id)
          .map((person) => ({ dataset_id: id, user_id: person.id, role: 'member', granted_by: owner_id })),
      )
      .map((row, index) => ({ id: index + 1, ...row, granted_at: timestamp(now - index * hour) })),
  }
}

/** The well-known ones: most of them public, so that whoever follows a job finds its dataset. */
const visibilityOf = (index: number) =>
  index % 4 === 3 ? 'private' : index % 4 === 2 ? 'organization' : 'public'
