import { type ExecutionArgs, parse } from 'graphql'
import type { LimitsConfig } from '../../config/config.ts'
import { refuseCost, refuseShape, refuseVariables } from '../limits/limits.ts'
import { refuseTokens } from '../limits/tokens.ts'
import type { ServerPlugin } from './server-context.ts'

/** Refuses documents that ask too much: by tokens before parsing, by shape before validation, by cost before execution. */
export function limitsPlugin(limits: LimitsConfig): ServerPlugin {
  const parseWithin: typeof parse = (source, options) => {
    refuseTokens(typeof source === 'string' ? source : source.body, limits.maxTokens)
    const document = parse(source, options)
    refuseShape(document, limits)
    return document
  }
  const refuse = ({ args }: { readonly args: ExecutionArgs }) => {
    refuseVariables(args.variableValues)
    refuseCost({ ...args, variables: args.variableValues }, limits)
  }
  return {
    onParse: ({ setParseFn }) => setParseFn(parseWithin),
    onExecute: refuse,
    onSubscribe: refuse,
  }
}
