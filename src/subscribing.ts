import type { GraphQLSchema } from 'graphql'
import type { Scopes } from './auth/scope.ts'
import type { Capturing } from './capturing.ts'
import type { Source } from './database/source.ts'
import type { GraphContext } from './graph/context.ts'
import { cursorCodec } from './live/cursors.ts'
import { Engine } from './live/engine.ts'
import { peopleReader } from './sources/people-reader.ts'

export interface SubscribingOptions {
  readonly schema: GraphQLSchema
  readonly sources: readonly Source[]
  readonly capturing: Capturing
  readonly databases: Pick<GraphContext, 'source'>
  readonly scopes: Scopes
}

/** Begins to follow the changes of every configured source, for whoever subscribes. */
export async function startSubscribing({
  schema,
  sources,
  capturing,
  databases,
  scopes,
}: SubscribingOptions): Promise<Engine> {
  // Whoever came before a history has begun would be told anew when it does.
  await capturing.settled()
  return new Engine({
    schema,
    sources: sources
      .filter(({ config }) => config !== undefined)
      .map(({ name }) => ({
        name,
        feed: capturing.feeds.get(name),
        watching: () => capturing.watching(name),
      })),
    cursors: cursorCodec(capturing.cursors),
    databases,
    people: {
      scopes,
      read: peopleReader({ users: databases.source('users'), platform: databases.source('platform') }),
    },
  })
}
