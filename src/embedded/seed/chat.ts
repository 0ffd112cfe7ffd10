import { type DomainName, domains } from './domains.ts'
import type { Person } from './people.ts'
import { Random } from './random.ts'
import { day, type Moment, minute, now, second, timestamp, timestampOrNull } from './time.ts'

export interface ChatSession {
  readonly id: number
  readonly created: Moment
}

const states = [
  'initial',
  'gathering_config',
  'selecting_project',
  'creating_project',
  'confirming',
  'complete',
  'error',
  'analyzing_dataset',
  'selecting_model',
  'comparing_models',
  'monitoring_training',
  'running_inference',
  'viewing_results',
  'idle',
] as const

type Exchange = readonly [user: string, assistant: string]

const exchanges: readonly ((dataset: string, random: Random) => Exchange)[] = [
  (dataset) => [
    `I want to train a model on ${dataset}.`,
    'Gladly. Which matters more, accuracy or speed on the device?',
  ],
  (_dataset, random) => [
    'Speed, it runs on the edge box.',
    `Then a small model: about ${random.integer(4, 11)} ms an image. Shall I use 50 epochs and a batch size of 16?`,
  ],
  () => ['Yes, go ahead.', 'Started. I will tell you when the first epoch is done.'],
  (_dataset, random) => [
    'How is it doing?',
    `Epoch ${random.integer(3, 40)}: the loss is down to ${random.between(0.2, 0.9).toFixed(3)} and still falling.`,
  ],
  () => [
    '混同行列を見せてください。',
    '検証結果の画面に表示しました。「破損」と「ラベル」の混同が一番多いです。',
  ],
  () => [
    'Warum ist die Genauigkeit so niedrig?',
    'Zwei Klassen haben weniger als 40 Bilder. Mehr Beispiele helfen hier am meisten.',
  ],
  (dataset) => [
    `Compare the last two runs on ${dataset}.`,
    [
      'The second run is better on every class but one.\n',
      '| | first | second |',
      '| --- | --- | --- |',
      '| mAP50 | 0.612 | 0.648 |',
      '| precision | 0.701 | 0.733 |',
      '| recall | 0.589 | 0.571 |',
      '\nRecall fell a little because the confidence threshold was raised from 0.25 to 0.35 for both, and the',
      'smaller objects of the second snapshot lie just below it. I would keep the second run, lower the threshold',
      'to 0.30, and look at the twenty images with the highest loss before labelling anything new.',
    ].join('\n'),
  ],
]

/** Chat sessions in every state, and what was said in them. */
export function chat(persons: readonly Person[]) {
  const random = new Random('chat')
  const sessions: ChatSession[] = []
  const messageRows: Record<string, unknown>[] = []
  const sessionRows = Array.from({ length: 98 }, (_, index) => {
    const id = index + 1
    const created = Math.floor(now - 275 * day + (index + random.next()) * 2.8 * day)
    const domain = random.pick(Object.keys(domains) as DomainName[])
    const state = states[index % states.length] ?? 'idle'
    let moment = created + random.integer(0, 20 * second)
    const spoken = state === 'initial' ? [] : exchanges.filter(() => random.chance(0.55))
    for (const exchange of spoken) {
      exchange(domains[domain].dataset, random).forEach((content, turn) => {
        moment += turn === 0 ? random.integer(10 * second, 9 * minute) : random.integer(second, 6 * second)
        messageRows.push({
          id: messageRows.length + 1,
          session_id: id,
          role: turn === 0 ? 'user' : 'assistant',
          content,
          created_at: timestampOrNull(random.chance(0.01) ? null : moment),
        })
      })
    }
    sessions.push({ id, created })
    return {
      id,
      user_id: random.chance(0.3) ? random.pick(persons).id : null,
      created_at: timestamp(created),
      updated_at: timestampOrNull(random.chance(0.03) ? null : moment),
      state,
      temp_data:
        spoken.length === 0 ? {} : { task_type: domains[domain].task, epochs: 50, step: spoken.length },
    }
  })
  return { sessions, sessionRows, messageRows }
}
