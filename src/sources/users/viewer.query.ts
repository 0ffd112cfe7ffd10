import type { Principal, Way } from '../../auth/principal.ts'
import type { Viewer as GraphViewer } from '../../auth/viewer.ts'
import { builder } from '../../graph/builder.ts'
import { entityRef } from '../../graph/entity-ref.ts'
import { loadRow, selectionAt } from '../../graph/rows.ts'
import { AbilityType, abilitiesOf } from './ability.ts'
import { SystemRole } from './system-role.ts'
import { User } from './user.ts'

const ViewerKind = builder.enumType('ViewerKind', {
  description: 'What sort of caller it is.',
  values: {
    ANONYMOUS: { value: 'anonymous', description: 'Nobody in particular: no credential came along.' },
    USER: { value: 'user', description: 'A person of the platform.' },
    SERVICE: { value: 'service', description: 'A program of another team.' },
    TENANT: { value: 'tenant', description: 'A tenant of the control plane.' },
    GPU_USER: { value: 'gpuUser', description: 'A user of the GPU Dev service.' },
  } satisfies Record<string, { value: Principal['kind']; description: string }>,
})

const ViewerWay = builder.enumType('ViewerWay', {
  description: 'By which credential a caller came in.',
  values: {
    ACCESS_TOKEN: { description: 'An access token that this gateway issued.' },
    OUTSIDE_TOKEN: { description: 'A token of a configured outside issuer.' },
    LEGACY_TOKEN: { description: 'A token of the existing backend.' },
    SERVICE_TOKEN: { description: 'A service token that this gateway issued.' },
    API_KEY: { description: 'An API key of the control plane or of the GPU Dev service.' },
  } satisfies Record<Way, object>,
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
      description: 'Until when the credential is good; null where it does not expire.',
      resolve: ({ principal }) =>
        principal.kind === 'anonymous'
          ? null
          : (principal.expiresAt?.toISOString().replace('Z', '000Z') ?? null),
    }),
    tenantId: t.field({
      type: 'UUID',
      nullable: true,
      description: 'Key of the tenant whose API key it is.',
      resolve: ({ principal }) => (principal.kind === 'tenant' ? principal.tenantId : null),
    }),
    environmentId: t.field({
      type: 'UUID',
      nullable: true,
      description: 'Key of the tenant’s environment that the API key is for.',
      resolve: ({ principal }) => (principal.kind === 'tenant' ? principal.environmentId : null),
    }),
    keyRole: t.string({
      nullable: true,
      description: 'Role of the tenant’s API key: `read-only`, `developer` or `admin`.',
      resolve: ({ principal }) => (principal.kind === 'tenant' ? principal.role : null),
    }),
    gpuUserId: t.int({
      nullable: true,
      description: 'Number of the GPU Dev user whose API key it is.',
      resolve: ({ principal }) => (principal.kind === 'gpuUser' ? principal.userId : null),
    }),
    gpuUsername: t.string({
      nullable: true,
      description: 'Name of the GPU Dev user whose API key it is.',
      resolve: ({ principal }) => (principal.kind === 'gpuUser' ? principal.username : null),
    }),
    abilities: t.field({
      type: [AbilityType],
      nullable: false,
      description: 'What the caller may do, in broad strokes; rows are decided one by one.',
      resolve: abilitiesOf,
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
