import type { Config } from '../config/config.ts'
import { namedPeople } from '../embedded/named-people.ts'
import { gpuDevelopmentKey } from '../embedded/seed/gpudev.ts'

/** Queries that a newcomer may paste; a test runs them. */
export const firstQueries: readonly { readonly title: string; readonly document: string }[] = [
  {
    title: 'What runs now, how far it is, and whose it is (two databases, one query)',
    document: `{
  trainingJobs(first: 5, filter: { status: { eq: RUNNING } }) {
    totalCount
    nodes { databaseId modelName progress project { name owner { fullName organization { name } } } }
  }
}`,
  },
  {
    title: 'The loss of a long training as a chart of 320 points, however many were written',
    document: `{
  trainingJob(databaseId: 2000) {
    modelName
    status
    metricSeries(name: "loss") { totalPoints points { epoch value } }
  }
}`,
  },
  {
    title: 'A person, her projects, and who works in them',
    document: `{
  user(databaseId: 2) {
    fullName
    projects { nodes { name members { nodes { role user { fullName } } } } }
  }
}`,
  },
]

export interface WelcomeOptions {
  readonly url: string
  readonly config: Config
  /** Whether the databases are our own, whose rows the queries ask for. */
  readonly isEmbedded: boolean
}

/** The first query to run, the others beside it as comments: one tab of GraphiQL. */
export const queriesAsTab = (): string =>
  firstQueries
    .map(
      ({ title, document }, index) =>
        `# ${title}\n${index === 0 ? document : document.replace(/^/gm, '# ')}\n`,
    )
    .join('\n')

/** What `npm start` says last: where to go, who may come in, what to try. */
export function welcome({ url, config, isEmbedded }: WelcomeOptions): string[] {
  return [
    '',
    `  Tributary listens on ${url}`,
    ...(config.graphql.graphiql ? ['  Open it in a browser for GraphiQL.'] : []),
    '',
    '  Nobody sees anything without signing in; signed in, one sees what that person may, and can change it.',
    ...(isEmbedded ? signingIn() : []),
    '',
    ...(isEmbedded ? worthTrying() : []),
    '  Ctrl-C stops it.',
  ]
}

/** The embedded data's named people. */
const signingIn = (): string[] => [
  '',
  '  Sign in in the bar above GraphiQL, or by this mutation, whose token goes into the header',
  '  "Authorization: Bearer …":',
  '',
  '  mutation {',
  '    signIn(input: { email: "admin@tributary.test", password: "tributary" }) {',
  '      ... on SignInSuccess { tokens { accessToken } }',
  '    }',
  '  }',
  '',
  ...namedPeople.map(({ email, password, about }) => `  ${email.padEnd(24)} ${password}   ${about}`),
  '',
  '  A key of a GPU Dev user, for the same header:',
  `  ${gpuDevelopmentKey}`,
]

const worthTrying = (): string[] => [
  '  Worth trying:',
  '',
  ...firstQueries.flatMap(({ title, document }) => [
    `  # ${title}`,
    ...document.split('\n').map((line) => `  ${line}`),
    '',
  ]),
]
