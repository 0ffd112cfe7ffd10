import { edge } from '../graph/edge.ts'
import { ChatSession } from '../sources/platform/chat-session.ts'
import { User } from '../sources/users/user.ts'

edge({
  from: ChatSession,
  name: 'user',
  description: 'The user who chats.',
  to: User,
  by: 'user_id',
  inverse: { name: 'chatSessions', description: 'Chat sessions of this user.' },
})
