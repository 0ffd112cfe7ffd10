import type { Principal, Way } from '../../auth/principal.ts'
import { atLeast } from '../../auth/principal.ts'
import type { Viewer as GraphViewer } from '../../auth/viewer.ts'
import { builder } from '../../graph/builder.ts'
import { entityRef } from '../../graph/entity-ref.ts'
import { loadRow, selectionAt } from '../../graph/rows.ts'
import { SystemRole } from './system-role.ts'
import { User } from './user.ts'

const ViewerKind = builder.enumType('ViewerKind', {
  description: 'What sort of caller it is.',
  values: {
    ANONYMOUS: { value: 'anonymous', description: 'Nobody in particular: no credential came along.' },
    USER: { value: 'user', description: 'A person of the platform.' },
    SERVICE: { value: 'service', description: 'A program of another team.' },
  } satisfies Record<string, { value: Principal['kind']; description: string }>,
})

const ViewerWay = builder.enumType('ViewerWay', {
  description: 'By which credential a caller came in.',
  values: {
    ACCESS_TOKEN: { description: 'An access token that this gateway issued.' },
    OUTSIDE_TOKEN: { description: 'A token of a configured outside issuer.' },
    LEGACY_TOKEN: { description: 'A token of the existing backend.' },
    SERVICE_TOKEN: { description: 'A service token that this gateway issued.' },
  } satisfies Record<Way, object>,
})

/** What a caller may do, in broad strokes; rows are decided one by one. */
const abilities = {
  READ_EVERYTHING: {
    description: 'Every row of every source is shown.',
    of: ({ open, principal }: GraphViewer) => open || isPlatformUser(principal, 'admin'),
  },
  READ_ACCOUNTS: {
    description: 'Accounts, organizations and memberships are shown, and nothing else.',
    of: ({ principal }: GraphViewer) =>
      principal.kind === 'service'
        ? principal.scopes.includes('accounts:read')
        : principal.kind === 'user' && principal.audience === 'labeler',
  },
  READ_OWN_PROJECTS: {
    description: 'Projects that the person owns or is a member of are shown, with all below them.',
    of: ({ principal }: GraphViewer) => isPlatformUser(principal, 'guest'),
  },
  READ_CLUSTER: {
    description: 'SLURM jobs, trainings, models and predictions are shown.',
    of: ({ open, principal }: GraphViewer) => open || isPlatformUser(principal, 'standard_engineer'),
  },
  WRITE: {
    description: 'Mutations are taken, each by the rules of what it changes.',
    of: ({ principal }: GraphViewer) => isPlatformUser(principal, 'guest'),
  },
  MANAGE_USERS: {
    description: 'Accounts below one’s own role can be given roles and be deactivated.',
    of: ({ principal }: GraphViewer) => isPlatformUser(principal, 'manager'),
  },
} as const

const isPlatformUser = (principal: Principal, least: Parameters<typeof atLeast>[1]) =>
  principal.kind === 'user' && principal.audience === 'tributary' && atLeast(principal.role, least)

type Ability = keyof typeof abilities

const AbilityType = builder.enumType('Ability', {
  description: 'Something that a caller may do, in broad strokes; rows are decided one by one.',
  values: Object.fromEntries(
    Object.entries(abilities).map(([name, { description }]) => [name, { value: name, description }]),
  ) as Record<Ability, { value: Ability; description: string }>,
})

const ViewerType = builder.objectRef<GraphViewer>('Viewer').implement({
  description: 'Whoever asks.',
  fields: (t) => ({
    kind: t.field({
      type: ViewerKind,
      nullable: false,
      description: 'What sort of caller it is.',
      resolve: ({ principal }) => principal.kind,
    }),
    way: t.field({
      type: ViewerWay,
      nullable: true,
      description: 'By which credential; none for the anonymous.',
      resolve: ({ principal }) => (principal.kind === 'anonymous' ? null : principal.way),
    }),
    user: t.field({
      type: entityRef(User),
      nullable: true,
      description: 'The person’s account.',
      resolve: ({ principal }, _args, context, info) =>
        principal.kind === 'user'
          ? loadRow(context, User, principal.id, selectionAt(context, info, User))
          : null,
    }),
    systemRole: t.field({
      type: SystemRole.ref,
      nullable: true,
      description: 'The person’s role as the account has it now.',
      resolve: ({ principal }) => (principal.kind === 'user' ? SystemRole.label(principal.role) : null),
    }),
    service: t.string({
      nullable: true,
      description: 'Name of the program.',
      resolve: ({ principal }) => (principal.kind === 'service' ? principal.name : null),
    }),
    expiresAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'Until when the credential is good.',
      resolve: ({ principal }) =>
        principal.kind === 'anonymous' ? null : principal.expiresAt.toISOString().replace('Z', '000Z'),
    }),
    abilities: t.field({
      type: [AbilityType],
      nullable: false,
      description: 'What the caller may do, in broad strokes; rows are decided one by one.',
      resolve: (viewer) =>
        (Object.keys(abilities) as Ability[]).filter((ability) => abilities[ability].of(viewer)),
    }),
  }),
})

builder.queryField('viewer', (t) =>
  t.field({
    type: ViewerType,
    nullable: false,
    description: 'Whoever asks: who it is, by which credential, and what it may do.',
    resolve: (_root, _args, context) => context.viewer,
  }),
)
