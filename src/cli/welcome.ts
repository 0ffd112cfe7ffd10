import type { Config } from '../config/config.ts'

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

/** What `npm start` says last: where to go, who may come in, what to try. */
export function welcome(url: string, config: Config): string[] {
  const loopback = ['127.0.0.1', '::1', 'localhost'].includes(config.http.host)
  return [
    '',
    `  Tributary listens on ${url}`,
    ...(config.graphql.graphiql ? ['  Open it in a browser for GraphiQL.'] : []),
    '',
    '  There is no sign-in yet: whoever reaches this address sees every row.',
    loopback
      ? '  It is bound to this machine alone.'
      : `  It is bound to ${config.http.host}, so others can reach it: put something in front that decides who may.`,
    '',
    '  Worth trying:',
    ...firstQueries.flatMap(({ title, document }) => [
      '',
      `  # ${title}`,
      ...document.split('\n').map((line) => `  ${line}`),
    ]),
    '',
    '  Ctrl-C stops it.',
  ]
}
