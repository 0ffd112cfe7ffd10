import type { Person } from './people.ts'
import type { Project, Snapshot } from './projects.ts'
import { Random } from './random.ts'
import { day, minute, now, timestamp, timestampOrNull } from './time.ts'

const types = ['ORGANIZATION', 'PROJECT', 'DATASET'] as const
const states = ['PENDING', 'ACCEPTED', 'DECLINED', 'EXPIRED', 'CANCELLED'] as const
const messages = [
  'Could you have a look at the confusion matrix of the last three runs?',
  'We need a second pair of eyes on the labels.',
  'Willkommen im Team!',
  'レビューをお願いします。',
]

/** Invitations of every type in every state, four of each. */
export function invitations(
  persons: readonly Person[],
  projects: readonly Project[],
  snapshots: readonly Snapshot[],
) {
  const random = new Random('invitations')
  const owned = projects.filter((project) => persons.some((person) => person.id === project.ownerId))
  const active = persons.filter((person) => person.active)
  const plans = states.flatMap((status) =>
    types.flatMap((type) => [0, 1, 2, 3].map((place) => ({ status, type, place }))),
  )
  return random.sample(plans, plans.length).map(({ status, type, place }, index) => {
    const project = random.pick(owned)
    const inviter = type === 'PROJECT' ? project.ownerId : random.pick(active).id
    const inviterOrganization = persons.find((person) => person.id === inviter)?.organizationId
    const invitee = status === 'ACCEPTED' || random.chance(0.4) ? random.pick(active) : undefined
    // The last pending one has expired unnoticed: nobody has looked at its link since.
    const open = status === 'PENDING' && place < 3
    const created = open ? now - random.integer(0, 6 * day) : now - random.integer(10 * day, 200 * day)
    const email = place === 0 && open ? 'guest@tributary.test' : `new.colleague${index + 1}@partner.example`
    return {
      id: index + 1,
      token: random.hex(43),
      invitation_type: type,
      status,
      organization_id: type === 'ORGANIZATION' ? (inviterOrganization ?? 1) : null,
      project_id: type === 'PROJECT' ? project.id : null,
      dataset_id: type === 'DATASET' ? random.pick(snapshots).datasetId : null,
      inviter_id: inviter,
      invitee_email: invitee?.email ?? email,
      invitee_id: invitee?.id ?? null,
      invitee_role: random.weighted({
        guest: 5,
        standard_engineer: 4,
        advanced_engineer: 2,
        manager: 1,
        admin: 1,
      }),
      message: random.chance(0.6) ? random.pick(messages) : null,
      expires_at: timestamp(created + 7 * day),
      created_at: timestamp(created),
      accepted_at: timestampOrNull(
        status === 'ACCEPTED' ? created + random.integer(5 * minute, 6 * day) : null,
      ),
    }
  })
}
