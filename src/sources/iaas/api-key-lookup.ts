import type { ApiKeyKind } from '../../auth/api-keys/api-keys.ts'
import { tenantRole } from '../../auth/principal.ts'
import type { Source } from '../../database/source.ts'
import { storedKeys } from '../stored-keys.ts'

interface FoundKey {
  readonly keyId: string
  readonly tenantId: string
  readonly environmentId: string
  readonly role: string
}

/** The keys `k` that open: active and not expired, and so are their tenants and environments. */
export const openingKeys = `
  FROM public.api_keys k
    JOIN public.tenants t ON t.id = k.tenant_id
    JOIN public.environments e ON e.id = k.environment_id AND e.tenant_id = t.id
  WHERE k.status = 'active' AND t.status = 'active' AND e.status = 'active'
    AND (k.expires_at IS NULL OR k.expires_at > now())`

/** The control plane's keys, `clsk_{environment}_{32 characters}`, which it takes with `Bearer` and without. */
export const tenantKeys = (source: Source): ApiKeyKind => ({
  name: 'tenant',
  recognises: (credential) => credential.startsWith('clsk_'),
  isBare: true,
  ...storedKeys<FoundKey>(source, {
    columns: 'k.id AS "keyId", k.tenant_id AS "tenantId", k.environment_id AS "environmentId", k.role',
    openingKeys,
    principal: (found) => ({ kind: 'tenant', way: 'API_KEY', ...found, role: tenantRole(found.role) }),
  }),
})
