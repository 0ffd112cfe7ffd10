import type { ExecutionArgs } from 'graphql'
import type { Admission } from '../admission.ts'
import type { ServerContext, ServerPlugin } from './server-context.ts'

type Arguments = Pick<ExecutionArgs, 'document' | 'operationName'> & { contextValue: ServerContext }

export interface OperationOptions {
  /** How long a query or mutation may take, and how long the start of a subscription, waiting included. */
  readonly timeoutMs: number
  /** Where operations wait for their turn. */
  readonly admission: Admission
}

/** Tells the exchange which operation it runs, and ties the operation's execution to the exchange's signal. */
function begin(args: Arguments): void {
  const { exchange } = args.contextValue
  exchange.run(args.document, args.operationName)
  Object.assign(args, { signal: exchange.signal })
}

/**
 * Runs operations in their turn, and for as long as somebody waits for them: until the client goes away and for the
 * given time at most. A subscription that has started has neither an end nor a place any more.
 */
export const operationPlugin = ({ timeoutMs, admission }: OperationOptions): ServerPlugin => ({
  onExecute: ({ args, executeFn, setExecuteFn }) => {
    const { exchange } = args.contextValue
    begin(args)
    exchange.limitTime(timeoutMs)
    setExecuteFn((given) => admission.run(exchange.signal, () => executeFn(given)))
  },
  onSubscribe: ({ args, subscribeFn, setSubscribeFn }) => {
    const { exchange } = args.contextValue
    begin(args)
    exchange.limitTime(timeoutMs)
    setSubscribeFn(async (given) => {
      const started = await admission.run(exchange.signal, () => subscribeFn(given))
      exchange.unlimitTime()
      return started
    })
  },
})
