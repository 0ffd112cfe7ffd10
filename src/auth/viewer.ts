import { anonymous, atLeast, type Principal } from './principal.ts'
import { all, always, any, never, type Rule, type ScopeFact, type ScopeSet, scopeFacts } from './rule.ts'

/** What a principal belongs to, read from the databases. A set that could not be read throws why when it is needed. */
export interface Scope {
  keys(set: ScopeSet): readonly number[]
}

/** Who looks: a principal with its scope. */
export interface Viewer {
  readonly principal: Principal
  readonly scope: Scope
  /** Whether everything is shown, whoever asks. No credential makes a viewer so: tests of what is shown do. */
  readonly open: boolean
}

/** Who comes without credentials: sees nothing of any source. */
export const nobody: Viewer = { principal: anonymous, scope: { keys: () => [] }, open: false }

/** A fact about the viewer; null where it has none. */
export function factOf({ principal }: Viewer, fact: ScopeFact): number | string | null {
  const facts: Partial<Record<ScopeFact, number | string | null>> =
    principal.kind === 'user'
      ? { user: principal.id, organization: principal.organizationId, email: principal.email }
      : principal.kind === 'tenant'
        ? { tenant: principal.tenantId }
        : principal.kind === 'gpuUser'
          ? {
              gpuUser: principal.userId,
              gpuUsername: principal.username,
              gpuUserText: principal.isNumberTaken ? null : String(principal.userId),
            }
          : {}
  return facts[fact] ?? null
}

/** The viewer's e-mail address as accounts are looked up by it: as stored, and in lower case. */
export function emailsOf({ principal }: Viewer): string[] {
  return principal.kind === 'user' ? [...new Set([principal.email, principal.email.toLowerCase()])] : []
}

const readsForLabeler = ({ principal }: Viewer) =>
  principal.kind === 'service'
    ? principal.scopes.includes('accounts:read')
    : principal.kind === 'user' && principal.audience === 'labeler'

/** Whether the viewer is somebody, and reads for itself rather than for the Labeler. */
const isSignedIn = (viewer: Viewer) =>
  ['user', 'tenant', 'gpuUser'].includes(viewer.principal.kind) && !readsForLabeler(viewer)

/** Rules as they were folded, by what of a viewer decides about that: few things, and the same for very many people. */
const folds = new Map<string, WeakMap<Rule, Rule>>()
const foldsOfViewer = new WeakMap<Viewer, WeakMap<Rule, Rule>>()

/** Equal for viewers for whom every rule folds to the same. */
function foldKey(viewer: Viewer): string {
  const { principal, open } = viewer
  const who = principal.kind === 'user' ? principal.role : principal.kind
  const lacking = scopeFacts.filter((fact) => factOf(viewer, fact) === null)
  return [open, who, readsForLabeler(viewer), ...lacking].join()
}

function foldsOf(viewer: Viewer): WeakMap<Rule, Rule> {
  const known = foldsOfViewer.get(viewer)
  if (known) return known
  const key = foldKey(viewer)
  const found = folds.get(key) ?? new WeakMap<Rule, Rule>()
  folds.set(key, found)
  foldsOfViewer.set(viewer, found)
  return found
}

/** A rule with all that is known of the viewer folded in: what is left depends on the row. */
export function ruleFor(viewer: Viewer, rule: Rule): Rule {
  const known = foldsOf(viewer)
  const found = known.get(rule) ?? fold(viewer, rule)
  known.set(rule, found)
  return found
}

function fold(viewer: Viewer, rule: Rule): Rule {
  if (viewer.open) return always
  switch (rule.kind) {
    case 'any':
      return any(...rule.of.map((part) => ruleFor(viewer, part)))
    case 'all':
      return all(...rule.of.map((part) => ruleFor(viewer, part)))
    case 'labeler':
      return readsForLabeler(viewer) ? always : never
    case 'role':
      return !readsForLabeler(viewer) &&
        viewer.principal.kind === 'user' &&
        atLeast(viewer.principal.role, rule.least)
        ? always
        : never
    // Whatever the table says, nothing is for the anonymous.
    case 'always':
    case 'signedIn':
      return isSignedIn(viewer) ? always : never
    case 'own':
    case 'listed':
      return readsForLabeler(viewer) || factOf(viewer, rule.fact) === null ? never : rule
    case 'within':
      return viewer.principal.kind === 'user' && !readsForLabeler(viewer) ? rule : never
    case 'through': {
      if (!isSignedIn(viewer)) return never
      if (!rule.rows) return rule
      const rows = ruleFor(viewer, rule.rows)
      return rows.kind === 'never' ? never : { ...rule, rows }
    }
    case 'used':
    case 'noneOf':
    case 'empty':
      return isSignedIn(viewer) ? rule : never
    case 'never':
      return never
  }
}
