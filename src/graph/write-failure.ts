import { builder } from './builder.ts'
import {
  Failure,
  type FailureDetails,
  type FailureKind,
  failureKind,
  MutationError,
  NotPermitted,
} from './failure.ts'

/** Breaks a mutation's work off, with nothing written: `refusable` makes its failure the answer. */
export class Refused extends Error {
  readonly failure: Failure

  constructor(kind: FailureKind, message: string, details?: FailureDetails) {
    super(message)
    this.failure = new Failure(kind, message, details)
  }
}

/** Runs work that may be refused. */
export async function refusable<T>(work: () => Promise<T>): Promise<T | Failure> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Refused) return error.failure
    throw error
  }
}

export const NotFound = failureKind('NotFound', {
  code: 'NOT_FOUND',
  description: 'There is no such row, or it is not for the eyes of whoever asks.',
})

export const StillUsed = failureKind('StillUsed', {
  code: 'STILL_USED',
  description: 'It cannot be deleted: rows that this graph does not know name it.',
})

export const IdempotencyKeyReused = failureKind('IdempotencyKeyReused', {
  code: 'IDEMPOTENCY_KEY_REUSED',
  description: 'The idempotency key stands for another input already.',
})

export const NameTaken = failureKind('NameTaken', {
  code: 'NAME_TAKEN',
  description: 'Another row has the name, which has to be unique.',
})

const invalidInput = builder.objectRef<Failure>('InvalidInput')
invalidInput.implement({
  description: 'A field of the input has a value that cannot be used.',
  interfaces: [MutationError],
  fields: (t) => ({
    field: t.string({
      nullable: false,
      description: 'The field of the input.',
      resolve: ({ details }) => details.field as string,
    }),
  }),
})

export const InvalidInput: FailureKind = { name: 'InvalidInput', code: 'INVALID_INPUT', ref: invalidInput }

const illegalTransition = builder.objectRef<Failure>('IllegalTransition')
illegalTransition.implement({
  description: 'The row’s status is not one from which this can be done.',
  interfaces: [MutationError],
  fields: (t) => ({
    from: t.string({
      nullable: false,
      description: 'The status that it has.',
      resolve: ({ details }) => details.from as string,
    }),
    to: t.string({
      nullable: false,
      description: 'The status that was asked for.',
      resolve: ({ details }) => details.to as string,
    }),
    allowed: t.stringList({
      nullable: false,
      description: 'The statuses that may be asked for instead.',
      resolve: ({ details }) => details.allowed as string[],
    }),
  }),
})

export const IllegalTransition: FailureKind = {
  name: 'IllegalTransition',
  code: 'ILLEGAL_TRANSITION',
  ref: illegalTransition,
}

export const invalid = (field: string, message: string) => new Refused(InvalidInput, message, { field })

export const notPermitted = (message: string) => new Refused(NotPermitted, message)
