import { expect, it } from 'vitest'
import { pluralOf } from '../../src/graph/entity.ts'

it.each([
  ['trainingJob', 'trainingJobs'],
  ['reply', 'replies'],
  ['relay', 'relays'],
  ['batch', 'batches'],
  ['address', 'addresses'],
  ['index', 'indexes'],
])('the rows of %s are listed by %s', (word, plural) => {
  expect(pluralOf(word)).toBe(plural)
})
