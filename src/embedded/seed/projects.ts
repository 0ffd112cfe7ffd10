import { type DomainName, domains } from './domains.ts'
import type { Person } from './people.ts'
import { Random } from './random.ts'
import { day, hour, type Moment, now, timestamp, timestampOrNull } from './time.ts'

export interface Project {
  readonly id: number
  readonly domain: DomainName
  readonly ownerId: number | null
  readonly organizationId: number | null
  readonly created: Moment
}

export interface Snapshot {
  readonly id: string
  readonly datasetId: string
  readonly domain: DomainName
  readonly created: Moment
}

/** Name, domain, organization; the order is that of the ids. */
const plans: readonly (readonly [name: string, domain: DomainName, organization: number | null])[] = [
  ['Pallet detection', 'pallets', 1],
  ['Pallet damage triage', 'pallets', 1],
  ['Forklift safety zones', 'forklifts', 1],
  ['Aisle occupancy', 'forklifts', 1],
  ['Parcel singulation', 'parcels', 2],
  ['Belt jam early warning', 'parcels', 2],
  ['Picker ergonomics', 'posture', 2],
  ['Chest X-ray screening', 'chest', 3],
  ['Nodule follow-up', 'chest', 3],
  ['Polyp segmentation', 'polyps', 3],
  ['Endoscope instrument tracking', 'polyps', 3],
  ['Oberflächenprüfung Tür links', 'scratches', 4],
  ['Lackierung Linie 3', 'scratches', 4],
  ['Lötstellen AOI', 'solder', 4],
  ['道路標識の検出', 'signs', 5],
  ['夜間画像の標識認識', 'signs', 5],
  ['はんだ検査', 'solder', 5],
  ['Weed mapping', 'crops', 6],
  ['Irrigation leaks', 'crops', 6],
  ['Leaf disease app', 'leaves', 6],
  ['Rust early detection', 'leaves', 6],
  ['Loading dock counter', 'pallets', 2],
  ['Shrink wrap quality', 'pallets', 2],
  ['Yard truck localisation', 'forklifts', 2],
  ['Fall detection', 'posture', 1],
  ['Reach zone study', 'posture', 1],
  ['Mixed-case depalletising', 'parcels', 1],
  ['Envelope sorter', 'parcels', 2],
  ['Rib fracture triage', 'chest', 3],
  ['Paediatric chest', 'chest', 3],
  ['Polyp sizing', 'polyps', 3],
  ['Reflow oven drift', 'solder', 5],
  ['Tombstone detector', 'solder', 4],
  ['Maize stand count', 'crops', 6],
  ['Greenhouse mildew watch', 'leaves', 6],
  ['Speed limit audit', 'signs', 5],
  ['Damage claims assistant', 'pallets', null],
  ['Teaching material', 'leaves', null],
  ['Benchmark: small objects', 'signs', 1],
  ['Uncategorized', 'pallets', null],
]

const goals = [
  'Good enough to replace the manual count on the night shift.',
  'Keep false alarms below one a day per camera.',
  'Runs on the edge box; latency matters more than the last point of accuracy.',
  'Baseline for the next labelling round.',
]
const longDescription = [
  'This project began as a two-week experiment and has been running ever since.',
  'It compares every architecture that fits into 8 GB of memory on the same three splits: the easy one from',
  'the first site, the one with rain on the lens, and the one that nobody likes to talk about. A run counts',
  'only when it beats the baseline on all three; whoever wins a week writes down here what was changed.',
  'Notes: augmentation with motion blur helped, mosaic beyond epoch 80 did not; class weights are computed',
  'from the snapshot and never by hand; the confusion between the two smallest classes is a labelling issue.',
].join(' ')

/**
 * Owners that are not drawn: the people to sign in as, one who has left so that the users database lacks the id, and
 * nobody.
 */
const fixedOwners: Readonly<Record<number, number | null>> = { 1: 2, 3: 1, 8: 4, 28: 904, 40: null }

/** Projects, one dataset for each domain, and the snapshots made of it. */
export function projects(persons: readonly Person[]) {
  const random = new Random('projects')
  const list: Project[] = []
  const projectRows = plans.map(([name, domain, organizationId], index) => {
    const id = index + 1
    const candidates = persons.filter(
      (person) => person.organizationId === organizationId && person.role !== 'guest',
    )
    const ownerId = id in fixedOwners ? (fixedOwners[id] ?? null) : random.pick(candidates).id
    // The three projects of one import share their moment.
    const created =
      now - 420 * day + (index >= 29 && index <= 31 ? 30 : index) * 3.5 * day + 2 * hour + 123_457
    list.push({ id, domain, ownerId, organizationId, created })
    return {
      id,
      name,
      description: id === 39 ? longDescription : random.chance(0.75) ? random.pick(goals) : null,
      task_type: id === plans.length ? null : domains[domain].task,
      user_id: ownerId,
      organization_id: organizationId,
      created_at: timestampOrNull(id === 37 ? null : created),
      updated_at: timestampOrNull(id === 37 || id === 38 ? null : now - random.integer(0, 60 * day)),
    }
  })

  const snapshots: Snapshot[] = []
  const snapshotRows = (Object.keys(domains) as DomainName[]).flatMap((domain) => {
    const datasetId = `ds_${random.hex(16)}`
    return Array.from({ length: random.integer(4, 7) }, (_, version) => {
      const id = `snap_${random.hex(12)}`
      const created = now - 330 * day + version * 45 * day + random.integer(0, 40 * day)
      snapshots.push({ id, datasetId, domain, created })
      return {
        id,
        dataset_id: datasetId,
        storage_path: `datasets/${datasetId}/snapshots/${id}/`,
        snapshot_metadata_path: version === 0 ? null : `datasets/${datasetId}/snapshots/${id}/metadata.json`,
        dataset_version_hash: version === 0 ? null : random.hex(64),
        created_by_user_id: random.chance(0.6) ? random.pick(persons).id : null,
        notes: random.chance(0.3) ? `${domains[domain].dataset}, after labelling round ${version + 1}` : null,
        created_at: timestamp(created),
        split_config: random.chance(0.8)
          ? { train: 0.7, val: 0.2, test: 0.1, seed: random.integer(1, 99) }
          : null,
      }
    })
  })
  return { projects: list, projectRows, snapshots, snapshotRows }
}

/** Members of the projects: the owner, and colleagues whose role an invitation may have given. */
export function projectMembers(list: readonly Project[], persons: readonly Person[]) {
  const random = new Random('project members')
  const rows = list.flatMap((project) => {
    const owner = persons.find((person) => person.id === project.ownerId)
    const colleagues = persons.filter(
      (person) =>
        person !== owner && (person.organizationId === project.organizationId || random.chance(0.04)),
    )
    const guests = project.id <= 3 ? persons.filter((person) => person.id === 3 || person.id === 2) : []
    const others = [...new Set([...guests, ...random.sample(colleagues, random.integer(1, 6))])]
    const memberships = others
      .filter((person) => person !== owner)
      .map((person) => ({
        project_id: project.id,
        user_id: person.id,
        role: person.id === 3 ? 'viewer' : random.weighted(memberRoles),
        invited_by: owner !== undefined && random.chance(0.8) ? owner.id : null,
        joined_at: timestamp(project.created + random.integer(hour, 40 * day)),
      }))
    if (owner === undefined || random.chance(0.1)) return memberships
    const ownership = { project_id: project.id, user_id: owner.id, role: 'owner', invited_by: null }
    return [{ ...ownership, joined_at: timestamp(project.created) }, ...memberships]
  })
  return rows.map((row, index) => ({ id: index + 1, ...row }))
}

const memberRoles = {
  member: 60,
  viewer: 20,
  standard_engineer: 8,
  advanced_engineer: 5,
  guest: 4,
  manager: 2,
  admin: 1,
}
