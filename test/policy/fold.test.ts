import { describe, expect, it } from 'vitest'
import { entityPolicies, rowsRule } from '../../src/auth/policy.ts'
import type { Principal } from '../../src/auth/principal.ts'
import { nobody, ruleFor, type Viewer } from '../../src/auth/viewer.ts'
import { user } from '../support/graph.ts'

const viewerOf = (principal: Principal): Viewer => ({ ...nobody, principal })
const ada = viewerOf(user({ id: 1, role: 'guest', organizationId: 1 }))

/** How every rule folds for a viewer. */
const foldsFor = (viewer: Viewer) =>
  Object.keys(entityPolicies).map((name) => ruleFor(viewer, rowsRule(name)))

describe('a rule that is folded', () => {
  it('is the same object for people who differ in nothing that decides about it, so that none keeps its own', () => {
    const grace = viewerOf(user({ id: 2, role: 'guest', organizationId: 7 }))
    for (const [index, rule] of foldsFor(ada).entries()) expect(foldsFor(grace)[index]).toBe(rule)
  })

  it.each<[string, Principal]>([
    ['of a higher role', user({ id: 2, role: 'manager', organizationId: 1 })],
    ['without an organization', user({ id: 2, role: 'guest', organizationId: null })],
    [
      'who reads for the Labeler',
      { ...user({ id: 2, role: 'guest', organizationId: 1 }), audience: 'labeler' },
    ],
    ['who is nobody', nobody.principal],
  ])('is another for one %s', (_, principal) => {
    expect(foldsFor(viewerOf(principal))).not.toEqual(foldsFor(ada))
  })
})
