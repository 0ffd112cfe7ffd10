import { atLeast, type SystemRole } from '../../auth/principal.ts'

/** Whether somebody may give an account a system role: managers up to advanced engineer, administrators any. */
export const mayGrant = (giver: SystemRole, role: SystemRole): boolean =>
  giver === 'admin' || (giver === 'manager' && atLeast('advanced_engineer', role))

/** Whether somebody may let others take part as a role: also those that are not above the giver's own. */
export const mayShare = (giver: SystemRole, role: SystemRole): boolean =>
  mayGrant(giver, role) || (giver !== 'manager' && atLeast(giver, role))
