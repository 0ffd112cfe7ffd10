import './user.ts'
import './organization.ts'
import './invitation.ts'
import './project-member.ts'
