/*
 * What every mutation has in common: one `input`, an answer that is a union of the success and the failures to be
 * expected, who may ask, and a row in the audit log that says what was meant before anything is done and what became of
 * it afterwards. A mutation that cannot be recorded is not done.
 *
 * Tokens of the Labeler and of services read and change nothing, whatever the mutation.
 */
import type { InputFieldMap, InputShapeFromFields, ObjectRef, SchemaTypes } from '@pothos/core'
import type { GraphQLResolveInfo } from 'graphql'
import {
  actorOf,
  type GpuUserPrincipal,
  type Principal,
  type TenantPrincipal,
  type UserPrincipal,
} from '../auth/principal.ts'
import type { RequestSession } from '../auth/request-session.ts'
import { TributaryError } from '../errors/tributary-error.ts'
import { builder } from './builder.ts'
import type { GraphContext } from './context.ts'
import { Failure, type FailureKind, NotAvailable, NotPermitted, NotSignedIn } from './failure.ts'
import { countOfFields } from './root-fields.ts'

type Types = typeof builder extends PothosSchemaTypes.SchemaBuilder<infer T extends SchemaTypes> ? T : never

/** Who comes in by each sort of access. */
interface Callers {
  readonly anybody: Principal
  readonly person: UserPrincipal
  readonly tenant: UserPrincipal | TenantPrincipal
  readonly gpuUser: UserPrincipal | GpuUserPrincipal
}

/**
 * Who may ask: anybody, or a person who is signed in, or besides persons also a tenant, or a GPU Dev user, by API key.
 * What persons may do there is for the mutation to say.
 */
export type Access = keyof Callers

/** What a mutation's work gets beside its input. */
export interface MutationScope<A extends Access = Access> {
  readonly context: GraphContext
  readonly session: RequestSession
  readonly principal: Callers[A]
  /** Adds to the audit row what it was done to, and further particulars; never a secret. */
  note(particulars: { readonly target?: string; readonly detail?: Readonly<Record<string, unknown>> }): void
}

export interface MutationDeclaration<Input extends InputFieldMap, Success extends object, A extends Access> {
  readonly description: string
  readonly access: A
  /** Whether it tries a password or a token: one document may then do so once. */
  readonly triesCredentials?: boolean
  /** Fields of the input; without them the mutation takes no argument. */
  readonly input?: (t: PothosSchemaTypes.InputFieldBuilder<Types, 'InputObject'>) => Input
  /** The type `<Name>Success`. */
  readonly success: ObjectRef<Types, Success>
  /** Beyond NotSignedIn, NotPermitted and NotAvailable. */
  readonly failures?: readonly FailureKind[]
  readonly run: (input: InputShapeFromFields<Input>, scope: MutationScope<A>) => Promise<Success | Failure>
}

const credentialMutations = new Set<string>()

builder.mutationType({ description: 'Every way to change something.' })

/** Declares a mutation: its field, `<Name>Input`, and the union `<Name>Result`. */
export function mutation<Input extends InputFieldMap, Success extends object, A extends Access>(
  name: string,
  declaration: MutationDeclaration<Input, Success, A>,
): void {
  const { description, access, input, success, failures = [], triesCredentials } = declaration
  if (triesCredentials) credentialMutations.add(name)
  const Name = `${name.slice(0, 1).toUpperCase()}${name.slice(1)}`
  const kinds = [...(access === 'anybody' ? [] : [NotSignedIn]), NotPermitted, NotAvailable, ...failures]
  const result = builder.unionType(`${Name}Result`, {
    description: `What comes of \`${name}\`.`,
    types: [success, ...kinds.map(({ ref }) => ref)],
    resolveType: (value) => (value instanceof Failure ? value.kind.name : success.name),
  })
  const inputRef =
    input && builder.inputType(`${Name}Input`, { description: `What \`${name}\` takes.`, fields: input })
  const resolve = (
    _root: object,
    args: { readonly input?: InputShapeFromFields<Input> },
    context: GraphContext,
    info: GraphQLResolveInfo,
  ): Promise<Success | Failure> => {
    if (triesCredentials) refuseSeveral(info)
    return perform({ name, declaration, input: args.input ?? ({} as InputShapeFromFields<Input>), context })
  }
  builder.mutationField(name, (t) =>
    t.field({
      type: result,
      nullable: true,
      description,
      args: inputRef
        ? { input: t.arg({ type: inputRef, required: true, description: 'What is asked.' }) }
        : {},
      // For Pothos a type parameter may be a list, which would be answered otherwise.
      resolve: resolve as never,
    }),
  )
}

/** What says that the installation lacks something, rather than that something failed. */
const unavailable: ReadonlySet<string> = new Set(['NOT_AVAILABLE', 'NO_SIGNING_KEY', 'GATEWAY_STATE_MISSING'])

/** One password a request, however it is written: limits count requests, and so does whoever reads the log. */
function refuseSeveral(info: GraphQLResolveInfo): void {
  if (countOfFields(info, credentialMutations) > 1)
    throw new TributaryError('ALIAS_LIMIT', 'A request tries a password or a refresh token once at most.')
}

interface Performance<Input extends InputFieldMap, Success extends object, A extends Access> {
  readonly name: string
  readonly declaration: MutationDeclaration<Input, Success, A>
  readonly input: InputShapeFromFields<Input>
  readonly context: GraphContext
}

async function perform<Input extends InputFieldMap, Success extends object, A extends Access>({
  name,
  declaration: { access, run },
  input,
  context,
}: Performance<Input, Success, A>): Promise<Success | Failure> {
  const { session } = context
  const { principal, audit, address, requestId } = session
  const refusal = refusalOf(principal, access)
  if (refusal) return refusal
  let particulars: Parameters<MutationScope['note']>[0] = {}
  const scope = {
    context,
    session,
    principal,
    note: (more: typeof particulars) => {
      particulars = { ...particulars, ...more }
    },
  } as MutationScope<A>
  try {
    const row = await audit.begin({ actor: actorOf(principal), action: name, address, requestId })
    const end = (outcome: string) => audit.end(row, { outcome, ...particulars })
    try {
      const answer = await run(input, scope)
      await end(answer instanceof Failure ? answer.code : 'SUCCESS')
      return answer
    } catch (error) {
      await end(error instanceof TributaryError ? error.code : 'INTERNAL').catch(() => {})
      throw error
    }
  } catch (error) {
    if (!(error instanceof TributaryError && unavailable.has(error.code))) throw error
    return new Failure(NotAvailable, error.message, { code: error.code })
  }
}

function refusalOf(principal: Principal, access: Access): Failure | undefined {
  if (principal.kind === 'service' || (principal.kind === 'user' && principal.audience === 'labeler'))
    return new Failure(NotPermitted, 'This token reads and changes nothing.')
  if (access === 'anybody' || principal.kind === 'user' || principal.kind === access) return undefined
  if (principal.kind !== 'anonymous') return new Failure(NotPermitted, 'An API key does not change this.')
  return new Failure(NotSignedIn, 'Sign in first: this changes something of your own.')
}
