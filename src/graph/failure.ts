import { builder } from './builder.ts'

/** An error that a mutation's caller has to expect: one of the types of its answer. */
export class Failure {
  readonly kind: FailureKind
  readonly message: string
  readonly code: string
  /** Further fields of its type. */
  readonly details: Readonly<Record<string, unknown>>

  constructor(kind: FailureKind, message: string, { code = kind.code, ...details }: FailureDetails = {}) {
    this.kind = kind
    this.message = message
    this.code = code
    this.details = details
  }
}

export interface FailureDetails {
  /** Default: the kind's. */
  readonly code?: string
  readonly [field: string]: unknown
}

/** A type of failures. */
export interface FailureKind {
  readonly name: string
  readonly code: string
  readonly ref: ReturnType<typeof objectRef>
}

const objectRef = (name: string) => builder.objectRef<Failure>(name)

export const MutationError = builder.interfaceRef<Failure>('MutationError').implement({
  description: 'Why a mutation did not do what was asked; an answer that its caller has to expect.',
  fields: (t) => ({
    code: t.exposeString('code', { nullable: false, description: 'For programs, in UPPER_CASE.' }),
    message: t.exposeString('message', { nullable: false, description: 'For people.' }),
  }),
})

export interface FailureDeclaration {
  readonly code: string
  readonly description: string
  /** Descriptions of further fields, which are whole numbers, by name. */
  readonly numbers?: Readonly<Record<string, string>>
}

/** Declares a type of failures. */
export function failureKind(
  name: string,
  { code, description, numbers = {} }: FailureDeclaration,
): FailureKind {
  const ref = objectRef(name)
  ref.implement({
    description,
    interfaces: [MutationError],
    fields: (t) =>
      Object.fromEntries(
        Object.entries(numbers).map(([field, about]) => [
          field,
          t.int({
            nullable: false,
            description: about,
            resolve: ({ details }) => details[field] as number,
          }),
        ]),
      ),
  })
  return { name, code, ref }
}

export const NotSignedIn = failureKind('NotSignedIn', {
  code: 'NOT_SIGNED_IN',
  description: 'Only a person who is signed in may do this.',
})

export const NotPermitted = failureKind('NotPermitted', {
  code: 'NOT_PERMITTED',
  description: 'Whoever asks may not do this.',
})

export const NotAvailable = failureKind('NotAvailable', {
  code: 'NOT_AVAILABLE',
  description: 'This installation is not set up for it.',
})
