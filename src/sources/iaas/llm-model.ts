import { decimal, integer, json, oneOf, text, timestamptz, uuid } from '../../graph/column.ts'
import { declareEntity } from '../../graph/entity.ts'
import { enumeration } from '../../graph/enumeration.ts'
import { iaas } from './source.ts'

const LlmModelType = enumeration('LlmModelType', 'What a language model is asked for.', {
  COMPLETION: { stored: 'completion', description: 'To go on with a text.' },
  CHAT: { stored: 'chat', description: 'To answer in a conversation.' },
  EMBEDDING: { stored: 'embedding', description: 'To place a text among others, as a vector.' },
})

const LlmModelStatus = enumeration('LlmModelStatus', 'Whether a language model should be used.', {
  ACTIVE: { stored: 'active', description: 'It should.' },
  DEPRECATED: { stored: 'deprecated', description: 'Not for anything new.' },
  BETA: { stored: 'beta', description: 'It is being tried.' },
})

export const LlmModel = declareEntity(iaas.name, 'LlmModel', {
  table: 'models',
  description: 'A language model that the inference service offers, with its prices.',
  key: 'id',
  columns: {
    id: uuid('Key in the iaas database.'),
    name: text('Its name, by which requests ask for it.'),
    family: text('The family that it belongs to, as llama.'),
    size: text('How large it is, as 8B.'),
    type: oneOf(LlmModelType, 'What it is asked for.'),
    context_length: integer('Tokens that it takes in at once.'),
    vram_required_gb: integer('Memory that it needs on a GPU, in gigabytes.'),
    price_input_per_million: decimal('What a million tokens of input cost, in US dollars.'),
    price_output_per_million: decimal('What a million tokens of output cost, in US dollars.'),
    tokens_per_second_capacity: integer('Tokens a second that a node gives.'),
    status: oneOf(LlmModelStatus, 'Whether it should be used.'),
    metadata: json('What the control plane notes of it.'),
    created_at: timestamptz('When it was taken into the offer.'),
    updated_at: timestamptz('When it was last changed.'),
  },
  defaultOrder: [{ column: 'name', direction: 'ASC' }],
})
