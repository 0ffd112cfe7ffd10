import { type ExecutionArgs, getOperationAST } from 'graphql'
import type { ServerContext, ServerPlugin } from './server-context.ts'

type Arguments = Pick<ExecutionArgs, 'document' | 'operationName'> & { contextValue: ServerContext }

/** Tells the exchange which operation it runs, and ties the operation's execution to the exchange's signal. */
function begin(args: Arguments): void {
  const { exchange } = args.contextValue
  const operation = getOperationAST(args.document, args.operationName)
  if (operation) exchange.operation = { type: operation.operation, name: operation.name?.value }
  Object.assign(args, { signal: exchange.signal })
}

/**
 * Runs operations for as long as somebody waits for them: until the client goes away and, unless it is a
 * subscription, for the given time at most.
 */
export const operationPlugin = (timeoutMs: number): ServerPlugin => ({
  onExecute: ({ args }) => {
    begin(args)
    args.contextValue.exchange.limitTime(timeoutMs)
  },
  onSubscribe: ({ args }) => begin(args),
})
