import { integer, json, oneOf, timestamp } from '../../graph/column.ts'
import { declareEntity } from '../../graph/entity.ts'
import { enumeration } from '../../graph/enumeration.ts'
import { platform } from './source.ts'

const ChatState = enumeration('ChatState', 'What a chat session is about at the moment.', {
  INITIAL: { stored: 'initial', description: 'Nothing has been asked yet.' },
  GATHERING_CONFIG: { stored: 'gathering_config', description: 'The assistant asks how to train.' },
  SELECTING_PROJECT: { stored: 'selecting_project', description: 'A project is being chosen.' },
  CREATING_PROJECT: { stored: 'creating_project', description: 'A project is being made.' },
  CONFIRMING: { stored: 'confirming', description: 'The assistant waits for a yes before it starts.' },
  COMPLETE: { stored: 'complete', description: 'What was asked for is done.' },
  ERROR: { stored: 'error', description: 'Something failed.' },
  ANALYZING_DATASET: { stored: 'analyzing_dataset', description: 'A dataset is being looked at.' },
  SELECTING_MODEL: { stored: 'selecting_model', description: 'A model is being chosen.' },
  COMPARING_MODELS: { stored: 'comparing_models', description: 'Models are being compared.' },
  MONITORING_TRAINING: { stored: 'monitoring_training', description: 'A training is being watched.' },
  RUNNING_INFERENCE: { stored: 'running_inference', description: 'Images are being predicted.' },
  VIEWING_RESULTS: { stored: 'viewing_results', description: 'Results are being looked at.' },
  IDLE: { stored: 'idle', description: 'Nothing is going on.' },
})

export const ChatSession = declareEntity(platform.name, 'ChatSession', {
  table: 'sessions',
  description: 'A conversation with the platform’s assistant.',
  key: 'id',
  columns: {
    id: integer('Key in the platform database.'),
    user_id: integer('Key of the user who chats; often not filled in.'),
    created_at: timestamp('When it began; empty in rows written by hand.'),
    updated_at: timestamp('When it was last changed; empty in rows written by hand.'),
    state: oneOf(ChatState, 'What it is about at the moment.'),
    temp_data: json('The configuration that the assistant has gathered so far.', { internal: true }),
  },
  defaultOrder: [{ column: 'updated_at', direction: 'DESC' }],
})
