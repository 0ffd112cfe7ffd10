import type { SystemRole } from './principal.ts'

/** Sets of keys that a viewer's scope holds. */
export type ScopeSet = 'memberProjects' | 'projects' | 'people'

/**
 * Facts about a viewer that a column can be equal to: a person's account, organization and address, the tenant of a
 * key, and a GPU Dev user by number, by name, and by the number as text.
 */
export const scopeFacts = [
  'user',
  'organization',
  'email',
  'tenant',
  'gpuUser',
  'gpuUsername',
  'gpuUserText',
] as const

export type ScopeFact = (typeof scopeFacts)[number]

/**
 * Who sees a row, as data: conditions on the row's columns, on rows it leads to, and on the viewer. The same rule is
 * read as SQL, as a Prisma `where`, and against a row at hand.
 */
export type Rule =
  | { readonly kind: 'always' }
  | { readonly kind: 'never' }
  /** The viewer came by a credential, whatever its kind; those of the Labeler do not count. */
  | { readonly kind: 'signedIn' }
  /** The viewer is a person with this role or a higher one. */
  | { readonly kind: 'role'; readonly least: SystemRole }
  /** The viewer reads accounts for the Labeler. */
  | { readonly kind: 'labeler' }
  /** The column holds a fact about the viewer. */
  | { readonly kind: 'own'; readonly column: string; readonly fact: ScopeFact }
  /** The column holds a JSON list, and the fact about the viewer is in it. */
  | { readonly kind: 'listed'; readonly column: string; readonly fact: ScopeFact }
  /** The column's value is in one of the scope's sets. */
  | { readonly kind: 'within'; readonly column: string; readonly set: ScopeSet }
  | { readonly kind: 'empty'; readonly column: string }
  | { readonly kind: 'noneOf'; readonly column: string; readonly values: readonly string[] }
  /** The row that a relation to one leads to is there, and visible by its own entity's rule, or else by `rows`. */
  | { readonly kind: 'through'; readonly relation: string; readonly rows?: Rule }
  /** A visible row of another entity leads here: its name, and its relation to one. */
  | { readonly kind: 'used'; readonly entity: string; readonly relation: string }
  | { readonly kind: 'any'; readonly of: readonly Rule[] }
  | { readonly kind: 'all'; readonly of: readonly Rule[] }

export const always: Rule = { kind: 'always' }
export const never: Rule = { kind: 'never' }
export const signedIn: Rule = { kind: 'signedIn' }
export const labeler: Rule = { kind: 'labeler' }
export const role = (least: SystemRole): Rule => ({ kind: 'role', least })
export const own = (column: string, fact: ScopeFact): Rule => ({ kind: 'own', column, fact })
export const listed = (column: string, fact: ScopeFact): Rule => ({ kind: 'listed', column, fact })
export const within = (column: string, set: ScopeSet): Rule => ({ kind: 'within', column, set })
export const empty = (column: string): Rule => ({ kind: 'empty', column })
export const noneOf = (column: string, values: readonly string[]): Rule => ({
  kind: 'noneOf',
  column,
  values,
})
export const through = (relation: string, rows?: Rule): Rule => ({
  kind: 'through',
  relation,
  ...(rows && { rows }),
})
export const usedBy = (entity: string, relation: string): Rule => ({ kind: 'used', entity, relation })

/** At least one holds. Constants are folded. */
export function any(...rules: readonly Rule[]): Rule {
  const of = rules.filter(({ kind }) => kind !== 'never')
  if (of.some(({ kind }) => kind === 'always')) return always
  return of.length === 0 ? never : of.length === 1 ? (of[0] as Rule) : { kind: 'any', of }
}

/** All hold. Constants are folded. */
export function all(...rules: readonly Rule[]): Rule {
  const of = rules.filter(({ kind }) => kind !== 'always')
  if (of.some(({ kind }) => kind === 'never')) return never
  return of.length === 0 ? always : of.length === 1 ? (of[0] as Rule) : { kind: 'all', of }
}
