import { enumeration } from '../../graph/enumeration.ts'

export const SystemRole = enumeration('SystemRole', 'What a person may do on the platform, ascending.', {
  GUEST: { stored: 'guest', description: 'May try things out; what everybody begins as.' },
  STANDARD_ENGINEER: { stored: 'standard_engineer', description: 'May use what engineers need.' },
  ADVANCED_ENGINEER: { stored: 'advanced_engineer', description: 'May use the advanced features as well.' },
  MANAGER: { stored: 'manager', description: 'May also grant roles up to ADVANCED_ENGINEER.' },
  ADMIN: { stored: 'admin', description: 'May do everything.' },
})
