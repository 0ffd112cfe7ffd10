import { integer, oneOf, text, timestamp } from '../../graph/column.ts'
import { declareEntity } from '../../graph/entity.ts'
import { enumeration } from '../../graph/enumeration.ts'
import { platform } from './source.ts'

const ChatRole = enumeration('ChatRole', 'Who speaks in a chat session.', {
  USER: { stored: 'user', description: 'The person.' },
  ASSISTANT: { stored: 'assistant', description: 'The platform’s assistant.' },
})

export const ChatMessage = declareEntity(platform.name, 'ChatMessage', {
  table: 'messages',
  description: 'What one side said in a chat session.',
  key: 'id',
  columns: {
    id: integer('Key in the platform database; rises with time.'),
    session_id: integer('Key of its chat session.'),
    role: oneOf(ChatRole, 'Who says it.'),
    content: text('What is said.'),
    created_at: timestamp('When it was said; empty in rows written by hand.'),
  },
  relations: {
    session: {
      to: 'ChatSession',
      by: 'session_id',
      description: 'The chat session it was said in.',
      inverse: { name: 'messages', description: 'What was said in this session, oldest first.' },
    },
  },
  defaultOrder: [
    { column: 'session_id', direction: 'ASC' },
    { column: 'id', direction: 'ASC' },
  ],
})
