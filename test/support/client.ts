/** An access token of one of the seed's people. */
export async function signIn(url: string, email = 'admin@tributary.test'): Promise<string> {
  const { answer } = await query<{ answer: { tokens: { accessToken: string } } }>(
    url,
    `mutation { answer: signIn(input: { email: "${email}", password: "tributary" }) {
      ... on SignInSuccess { tokens { accessToken } } } }`,
  )
  return answer.tokens.accessToken
}

/** The data of an answer over HTTP. @throws Error with the answer when it has errors. */
export async function query<T>(url: string, document: string, token?: string): Promise<T> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ query: document }),
  })
  const answer = (await response.json()) as { data: T; errors?: unknown }
  if (answer.errors) throw new Error(`${document}\n${JSON.stringify(answer, null, 2)}`)
  return answer.data
}
