import { createHash, randomBytes, randomUUID } from 'node:crypto'
import { builder } from '../../graph/builder.ts'
import { keyOfId, numberWithin, optionalText, storedLabel } from '../../graph/checked-input.ts'
import { claim } from '../../graph/claim.ts'
import { enumerationOf } from '../../graph/entity-enumeration.ts'
import { once } from '../../graph/idempotency.ts'
import { mutation } from '../../graph/mutation.ts'
import { rowField } from '../../graph/row-field.ts'
import { inTransaction } from '../../graph/transaction.ts'
import { insertRow } from '../../graph/write.ts'
import {
  IdempotencyKeyReused,
  InvalidInput,
  invalid,
  NotFound,
  notPermitted,
  refusable,
} from '../../graph/write-failure.ts'
import { mayGrant, ofTenant } from './permission.ts'
import { TenantApiKey } from './tenant-api-key.ts'
import { TenantEnvironment } from './tenant-environment.ts'

const ApiKeyRole = enumerationOf(TenantApiKey, 'role')
const highestLimit = 1_000_000

interface Made {
  readonly key: string
  /** Only for whoever made it. */
  readonly secret: string | null
}

/** A new key, in the form that the control plane knows: the environment's name, and 128 random bits. */
export function newApiKey(environment: string): { secret: string; key_hash: string; key_prefix: string } {
  const name = environment.toLowerCase().replace(/[^a-z0-9]/g, '') || 'env'
  const secret = `clsk_${name}_${randomBytes(16).toString('hex')}`
  return {
    secret,
    key_hash: createHash('sha256').update(secret).digest('hex'),
    key_prefix: secret.slice(0, 12),
  }
}

const limit = (value: number | null | undefined, field: string) =>
  value == null ? undefined : numberWithin(value, field, [0, highestLimit])

mutation('createTenantApiKey', {
  description:
    'Makes a key for an environment of a tenant. For administrators, and for the tenant’s own keys but those that only read; none makes a key that may do more than itself. The key is told this once.',
  access: 'tenant',
  input: (t) => ({
    environment: t.id({ required: true, description: 'The `id` of the environment that it opens.' }),
    name: t.string({ description: 'What to call it; 255 characters at most.' }),
    role: t.field({
      type: ApiKeyRole.ref,
      required: true,
      defaultValue: 'DEVELOPER',
      description: 'What it may do.',
    }),
    rateLimitTokensPerMin: t.int({
      description: 'Tokens that it may use in a minute; not limited by default.',
    }),
    rateLimitRequestsPerMin: t.int({ description: 'Requests that it may make in a minute; 60 by default.' }),
    concurrencyLimit: t.int({ description: 'Requests that it may have at once; 5 by default.' }),
    expiresAt: t.field({ type: 'DateTime', description: 'When it stops to open; never by default.' }),
    idempotencyKey: t.string({
      description:
        'Text that stands for this request, for a day: sent again with the same input, it answers the same row.',
    }),
  }),
  success: builder.objectRef<Made>('CreateTenantApiKeySuccess').implement({
    description: 'The key is made.',
    fields: (t) => ({
      tenantApiKey: t.field(rowField<Made>(TenantApiKey, ({ key }) => key, 'What is known of it.')),
      secret: t.exposeString('secret', {
        nullable: true,
        description:
          'The key itself, for the header Authorization. Told this once: null where the request was sent again with its idempotency key.',
      }),
    }),
  }),
  failures: [NotFound, InvalidInput, IdempotencyKeyReused],
  run: ({ idempotencyKey, ...input }, { context, session, principal, note }) =>
    refusable(async () => {
      const environment = keyOfId(TenantEnvironment, input.environment, 'environment')
      const role = storedLabel(ApiKeyRole, input.role, 'role')
      if (!mayGrant(principal, role)) throw notPermitted('This makes no key that may do more than itself.')
      if (input.expiresAt != null && Date.parse(input.expiresAt) <= Date.now())
        throw invalid('expiresAt', 'expiresAt is over already.')
      const values = {
        environment_id: environment,
        name: optionalText(input.name, 'name', 255),
        role,
        rate_limit_tokens_per_min: limit(input.rateLimitTokensPerMin, 'rateLimitTokensPerMin'),
        rate_limit_requests_per_min: limit(input.rateLimitRequestsPerMin, 'rateLimitRequestsPerMin'),
        concurrency_limit: limit(input.concurrencyLimit, 'concurrencyLimit'),
        expires_at: input.expiresAt ?? undefined,
        status: 'active',
      }
      let secret: string | null = null
      const key = await once({
        session,
        principal,
        action: 'createTenantApiKey',
        key: idempotencyKey,
        input,
        reserve: async () => randomUUID() as string,
        make: (id) =>
          inTransaction(context, TenantApiKey.source, async (run) => {
            const { tenant_id, name } = await claim(run, context, {
              entity: TenantEnvironment,
              key: environment,
              may: ofTenant(principal),
              lock: 'KEY SHARE',
              columns: ['tenant_id', 'name'],
            })
            const { secret: made, ...stored } = newApiKey(String(name))
            if (await insertRow(run, TenantApiKey, { id, tenant_id, ...values, ...stored })) secret = made
          }),
      })
      note({ target: `tenantApiKey:${key}` })
      return { key, secret }
    }),
})
