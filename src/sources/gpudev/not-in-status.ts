import { builder } from '../../graph/builder.ts'
import { type Failure, type FailureKind, MutationError } from '../../graph/failure.ts'
import { Refused } from '../../graph/write-failure.ts'

const ref = builder.objectRef<Failure>('NotInStatus')
ref.implement({
  description: 'What was asked cannot be done while the row’s status is what it is.',
  interfaces: [MutationError],
  fields: (t) => ({
    status: t.field({
      type: 'String',
      nullable: false,
      description: 'The status that it has.',
      resolve: ({ details }) => details.status as string,
    }),
    allowed: t.stringList({
      nullable: false,
      description: 'The statuses in which it can be done.',
      resolve: ({ details }) => details.allowed as string[],
    }),
  }),
})

export const NotInStatus: FailureKind = { name: 'NotInStatus', code: 'NOT_IN_STATUS', ref }

/** @param allowed labels of statuses; none where it cannot be done at all any more. */
export const notInStatus = (message: string, status: string, allowed: readonly string[]) =>
  new Refused(NotInStatus, message, { status, allowed })
