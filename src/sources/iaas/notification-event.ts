import { enumeration } from '../../graph/enumeration.ts'

export const NotificationChannel = enumeration('NotificationChannel', 'Where notifications go.', {
  DISCORD: { stored: 'discord', description: 'A channel of Discord.' },
  SLACK: { stored: 'slack', description: 'A channel of Slack.' },
  EMAIL: { stored: 'email', description: 'A mailbox.' },
  WEBHOOK: { stored: 'webhook', description: 'A program of the tenant’s own.' },
})

export const NotificationEvent = enumeration('NotificationEvent', 'What a notification tells of.', {
  TENANT_CREATED: { stored: 'tenant.created', description: 'A tenant was made.' },
  TENANT_UPDATED: { stored: 'tenant.updated', description: 'A tenant was changed.' },
  TENANT_DELETED: { stored: 'tenant.deleted', description: 'A tenant was deleted.' },
  TENANT_SUSPENDED: { stored: 'tenant.suspended', description: 'A tenant was suspended.' },
  TENANT_ACTIVATED: { stored: 'tenant.activated', description: 'A tenant is served again.' },
  PAYMENT_SUCCEEDED: { stored: 'payment.succeeded', description: 'A payment came in.' },
  PAYMENT_FAILED: { stored: 'payment.failed', description: 'A payment failed.' },
  SUBSCRIPTION_UPDATED: { stored: 'subscription.updated', description: 'A plan was changed.' },
  NODE_LAUNCHED: { stored: 'node.launched', description: 'A node was launched.' },
  NODE_TERMINATED: { stored: 'node.terminated', description: 'A node was terminated.' },
  NODE_HEALTH_CHANGED: { stored: 'node.health_changed', description: 'A node does better or worse.' },
  NODE_HEALTH_DEGRADED: { stored: 'node.health_degraded', description: 'A node does badly.' },
  NODE_DRAINING: { stored: 'node.draining', description: 'A node takes no further requests.' },
  COST_ANOMALY_DETECTED: { stored: 'cost.anomaly_detected', description: 'More is spent than usual.' },
  RATELIMIT_THRESHOLD_REACHED: {
    stored: 'ratelimit.threshold_reached',
    description: 'A limit of requests or tokens is nearly reached.',
  },
  APIKEY_CREATED: { stored: 'apikey.created', description: 'A key was made.' },
  APIKEY_REVOKED: { stored: 'apikey.revoked', description: 'A key was revoked.' },
})
