import { atLeast, type Principal } from '../../auth/principal.ts'
import type { Viewer } from '../../auth/viewer.ts'
import { builder } from '../../graph/builder.ts'

const abilities = {
  READ_EVERYTHING: {
    description: 'Every row of every source is shown, but for chats of others.',
    of: ({ open, principal }: Viewer) => open || isPlatformUser(principal, 'admin'),
  },
  READ_ACCOUNTS: {
    description: 'Accounts, organizations and memberships are shown, and nothing else.',
    of: ({ principal }: Viewer) =>
      principal.kind === 'service'
        ? principal.scopes.includes('accounts:read')
        : principal.kind === 'user' && principal.audience === 'labeler',
  },
  READ_OWN_PROJECTS: {
    description: 'Projects that the person owns or is a member of are shown, with all below them.',
    of: ({ principal }: Viewer) => isPlatformUser(principal, 'guest'),
  },
  READ_CLUSTER: {
    description: 'SLURM jobs, trainings, models and predictions are shown.',
    of: ({ open, principal }: Viewer) => open || isPlatformUser(principal, 'standard_engineer'),
  },
  READ_OWN_TENANT: {
    description: 'The tenant whose API key it is is shown, with its environments, keys, use and bills.',
    of: ({ principal }: Viewer) => principal.kind === 'tenant',
  },
  CHANGE_OWN_TENANT: {
    description: 'API keys and notification settings of the key’s tenant can be changed.',
    of: ({ principal }: Viewer) => principal.kind === 'tenant' && principal.role !== 'read-only',
  },
  READ_OWN_RESERVATIONS: {
    description: 'Reservations, disks and keys of the GPU Dev user are shown.',
    of: ({ principal }: Viewer) => principal.kind === 'gpuUser',
  },
  CHANGE_OWN_RESERVATIONS: {
    description: 'GPU reservations and disks can be asked for, and changed where they are one’s own.',
    of: ({ principal }: Viewer) => principal.kind === 'gpuUser',
  },
  WRITE: {
    description: 'Mutations of the platform are taken, each by the rules of what it changes.',
    of: ({ principal }: Viewer) => isPlatformUser(principal, 'guest'),
  },
  MANAGE_USERS: {
    description: 'Accounts below one’s own role can be given roles and be deactivated.',
    of: ({ principal }: Viewer) => isPlatformUser(principal, 'manager'),
  },
} as const

const isPlatformUser = (principal: Principal, least: Parameters<typeof atLeast>[1]) =>
  principal.kind === 'user' && principal.audience === 'tributary' && atLeast(principal.role, least)

type Ability = keyof typeof abilities

const names = Object.keys(abilities) as Ability[]

export const AbilityType = builder.enumType('Ability', {
  description: 'Something that a caller may do, in broad strokes; rows are decided one by one.',
  values: Object.fromEntries(
    names.map((name) => [name, { value: name, description: abilities[name].description }]),
  ) as Record<Ability, { value: Ability; description: string }>,
})

/** What a caller may do. */
export const abilitiesOf = (viewer: Viewer): Ability[] => names.filter((name) => abilities[name].of(viewer))
