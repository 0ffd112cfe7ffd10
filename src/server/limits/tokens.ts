import { Lexer, Source, TokenKind } from 'graphql'
import { TributaryError } from '../../errors/tributary-error.ts'

/**
 * Refuses a document by its tokens, before it is parsed: the parser recurses, so a document nested deep enough
 * overflows its stack. Reading stops at the first token too many.
 *
 * @throws TributaryError DOCUMENT_TOO_LARGE; GraphQLError where a token is malformed.
 */
export function refuseTokens(text: string, limit: number): void {
  const lexer = new Lexer(new Source(text))
  for (let found = 0; lexer.advance().kind !== TokenKind.EOF; found++)
    if (found === limit)
      throw new TributaryError(
        'DOCUMENT_TOO_LARGE',
        `The document has more than ${limit} tokens. Split it, or move values into variables.`,
        { extensions: { limit, found: limit + 1 } },
      )
}
