/*
 * Where a tenant is notified. A destination is a secret: it is written, and neither shown, nor logged, nor told in a
 * refusal.
 */
import { randomUUID } from 'node:crypto'
import sql, { raw } from 'sql-template-tag'
import { builder } from '../../graph/builder.ts'
import { keyOfId, requiredText, storedLabel } from '../../graph/checked-input.ts'
import { claim } from '../../graph/claim.ts'
import type { RowKey } from '../../graph/entity.ts'
import { type MutationScope, mutation } from '../../graph/mutation.ts'
import { rowField } from '../../graph/row-field.ts'
import { alteration } from '../../graph/row-mutation.ts'
import { inTransaction } from '../../graph/transaction.ts'
import { updateRow } from '../../graph/write.ts'
import { InvalidInput, invalid, NotFound, refusable } from '../../graph/write-failure.ts'
import { NotificationConfig } from './notification-config.ts'
import { NotificationChannel, NotificationEvent } from './notification-event.ts'
import { ofTenant, type TenantCaller } from './permission.ts'
import { Tenant } from './tenant.ts'

const longestDestination = 2_000

/** What is told of, as stored: null for everything. */
function eventsOf(labels: readonly string[] | null | undefined): readonly string[] | null | undefined {
  if (labels === undefined) return undefined
  if (labels === null || labels.length === 0) return null
  return [...new Set(labels.map((label) => storedLabel(NotificationEvent, label, 'eventTypes')))]
}

function destinationOf(channel: string, given: string | null | undefined): string | undefined {
  if (given == null) return undefined
  const destination = requiredText(given, 'destination', longestDestination) as string
  const fits = channel === 'email' ? /^[^\s@]+@[^\s@]+$/.test(destination) : isWebAddress(destination)
  if (fits) return destination
  throw invalid('destination', `destination is no ${channel === 'email' ? 'e-mail address' : 'https URL'}.`)
}

function isWebAddress(text: string): boolean {
  return URL.canParse(text) && new URL(text).protocol === 'https:'
}

function tenantOf(caller: TenantCaller, id: string | null | undefined): RowKey | null {
  if (id != null) return keyOfId(Tenant, id, 'tenant')
  if (caller.kind === 'tenant') return caller.tenantId
  throw invalid('tenant', 'tenant has to be said by whoever is none.')
}

mutation('setNotificationConfig', {
  description:
    'Says whether, where and of what a tenant is notified on a channel; what is not given stays as it is. For administrators, and for the tenant’s own keys but those that only read.',
  access: 'tenant',
  input: (t) => ({
    tenant: t.id({ description: 'The `id` of the tenant; one’s own by default.' }),
    channel: t.field({
      type: NotificationChannel.ref,
      required: true,
      description: 'The channel, of which a tenant has one configuration.',
    }),
    destination: t.string({
      description:
        'Where it goes: an e-mail address, or an https URL. Needed the first time; never shown again.',
    }),
    eventTypes: t.field({
      type: [NotificationEvent.ref],
      description: 'What is told of; everything where it is null or empty, as by default.',
    }),
    enabled: t.boolean({ description: 'Whether anything goes there; it does by default.' }),
  }),
  success: builder.objectRef<{ readonly key: string }>('SetNotificationConfigSuccess').implement({
    description: 'The configuration is written.',
    fields: (t) => ({
      notificationConfig: t.field(
        rowField<{ readonly key: string }>(
          NotificationConfig,
          ({ key }) => key,
          'The configuration as it is now, without its destination.',
        ),
      ),
    }),
  }),
  failures: [NotFound, InvalidInput],
  run: (input, { context, principal, note }) =>
    refusable(async () => {
      const tenant = tenantOf(principal, input.tenant)
      const channel = storedLabel(NotificationChannel, input.channel, 'channel')
      const destination = destinationOf(channel, input.destination)
      const events = eventsOf(input.eventTypes)
      const key = await inTransaction(context, NotificationConfig.source, async (run) => {
        await claim(run, context, {
          entity: Tenant,
          key: tenant,
          may: ofTenant(principal, 'id'),
          lock: 'KEY SHARE',
        })
        const [known] = await run<{ id: string }>(
          sql`UPDATE public.notification_config c SET
              destination = coalesce(${destination ?? null}, c.destination),
              event_types = ${events === undefined ? raw('c.event_types') : sql`${events}::text[]`},
              enabled = coalesce(${input.enabled ?? null}::boolean, c.enabled)
            WHERE tenant_id = ${tenant} AND channel = ${channel} RETURNING id`,
        )
        if (known) return known.id
        if (destination === undefined)
          throw invalid('destination', `destination is needed: there is no ${input.channel} channel yet.`)
        const [made] = await run<{ id: string }>(
          sql`INSERT INTO public.notification_config AS c (id, tenant_id, channel, destination, event_types, enabled)
            VALUES (${randomUUID()}, ${tenant}, ${channel}, ${destination}, ${events ?? null}::text[], ${input.enabled ?? true})
            ON CONFLICT (tenant_id, channel) DO UPDATE SET destination = excluded.destination,
              event_types = excluded.event_types, enabled = excluded.enabled
            RETURNING id`,
        )
        if (!made) throw new Error('A configuration was written and not answered.')
        return made.id
      })
      note({ target: `notificationConfig:${key}` })
      return { key }
    }),
})

function switching(name: string, { enabled, description }: { enabled: boolean; description: string }): void {
  alteration(name, {
    description: `${description} For administrators, and for the tenant’s own keys but those that only read.`,
    access: 'tenant',
    of: NotificationConfig,
    input: () => ({}),
    run: async (key: RowKey | null, _input: object, { context, principal }: MutationScope<'tenant'>) => {
      await inTransaction(context, NotificationConfig.source, async (run) => {
        await claim(run, context, {
          entity: NotificationConfig,
          key,
          may: ofTenant(principal),
          lock: 'NO KEY UPDATE',
        })
        await updateRow(run, NotificationConfig, { key, values: { enabled } })
      })
    },
  })
}

switching('enableNotificationConfig', {
  enabled: true,
  description: 'Lets notifications go to a channel again.',
})

switching('disableNotificationConfig', {
  enabled: false,
  description: 'Keeps notifications from a channel; where they went is kept.',
})
