/*
 * Runs in the browser, before GraphiQL: the bar above it, by which one signs in.
 *
 * The tokens are kept for the tab. GraphiQL knows nothing of them: what it sends goes by `fetch` and `WebSocket`, which
 * are wrapped here, and takes the access token along. That is renewed before it expires, also on sockets that are open.
 *
 * A refresh token is good for one use, and a second use ends the session. A tab that is duplicated has the same one, so
 * tabs renew one after the other where the browser can lock, and tell each other what they got.
 */
const bar = document.querySelector('#sign-in')
const form = bar.querySelector('form')
const offers = bar.querySelector('.offers')
const person = bar.querySelector('.person')
const status = bar.querySelector('output')
const transport = bar.querySelector('select')

const endpoint = new URL('/graphql', location.href)
const plainFetch = globalThis.fetch.bind(globalThis)
const tabs = new BroadcastChannel('tributary.sessions')

const sessionKey = 'tributary.session'
const transportKey = 'tributary.transport'
/** By how much an access token is renewed before it expires, in milliseconds; a tenth of its life where that is less. */
const margin = 60_000

/** `{email, accessToken, refreshToken, expiresAt, lifetime}`, or null while nobody is signed in. */
let session = JSON.parse(sessionStorage.getItem(sessionKey))
let renewal
let alarm

const tokenFields = 'tokens { accessToken accessTokenExpiresAt refreshToken }'
const failureFields = '... on MutationError { message }'

async function ask(query, input) {
  const headers = { 'content-type': 'application/json' }
  if (session) headers.authorization = `Bearer ${session.accessToken}`
  const response = await plainFetch(endpoint, {
    method: 'POST',
    headers,
    body: JSON.stringify({ query, variables: { input } }),
  })
  const { data, errors } = await response.json()
  if (errors) throw new Error(errors[0].message)
  return data
}

function keep(email, tokens) {
  const expiresAt = Date.parse(tokens.accessTokenExpiresAt)
  adopt({
    email,
    accessToken: tokens.accessToken,
    refreshToken: tokens.refreshToken,
    expiresAt,
    lifetime: expiresAt - Date.now(),
  })
}

/** Takes a session, or the lack of one, for the tab's. */
function adopt(next) {
  session = next
  if (session) sessionStorage.setItem(sessionKey, JSON.stringify(session))
  else sessionStorage.removeItem(sessionKey)
  clearTimeout(alarm)
  if (session) alarm = setTimeout(freshToken, Math.max(0, dueAt() - Date.now()))
  renewSockets()
  show()
}

const dueAt = () => session.expiresAt - Math.min(margin, session.lifetime / 10)

/** The access token, renewed if need be; undefined while nobody is signed in. */
async function freshToken() {
  if (session && Date.now() >= dueAt()) {
    renewal ??= renew().finally(() => {
      renewal = undefined
    })
    await renewal
  }
  return session?.accessToken
}

async function renew() {
  const locked = navigator.locks ? (work) => navigator.locks.request(sessionKey, work) : (work) => work()
  await locked(async () => {
    // Another tab may have been first.
    if (!session || Date.now() < dueAt()) return
    const { email, refreshToken } = session
    try {
      const { answer } = await ask(
        `mutation RenewToken($input: RefreshTokenInput!) {
          answer: refreshToken(input: $input) { ${failureFields} ... on RefreshTokenSuccess { ${tokenFields} } } }`,
        { refreshToken },
      )
      if (answer.tokens) {
        keep(email, answer.tokens)
        tabs.postMessage({ before: refreshToken, session })
      } else leave(`The session has ended: ${answer.message}`)
    } catch (error) {
      status.value = `The token could not be renewed: ${error.message}`
    }
  })
}

function leave(message) {
  adopt(null)
  status.value = message
}

async function signIn(email, password) {
  status.value = ''
  session = null
  try {
    const { answer } = await ask(
      `mutation SignIn($input: SignInInput!) {
        answer: signIn(input: $input) { ${failureFields} ... on SignInSuccess { ${tokenFields} } } }`,
      { email, password },
    )
    if (answer.tokens) keep(email, answer.tokens)
    else leave(answer.message)
  } catch (error) {
    leave(error.message)
  }
}

async function signOut() {
  const { refreshToken } = session
  try {
    await ask('mutation SignOut($input: SignOutInput!) { signOut(input: $input) { __typename } }', {
      refreshToken,
    })
    leave('')
  } catch (error) {
    leave(`Signed out of this tab alone: ${error.message}`)
  }
}

function show() {
  form.hidden = session !== null
  offers.hidden = session !== null || offers.children.length === 1
  person.hidden = session === null
  person.querySelector('strong').textContent = session?.email ?? ''
  status.value = session ? '' : 'Nobody sees anything without signing in.'
}

/** Sockets that are acknowledged: a ping with the new token renews them in band. */
const sockets = new Set()

function renewSockets() {
  if (!session) return
  const payload = { authorization: `Bearer ${session.accessToken}` }
  for (const socket of sockets) socket.send(JSON.stringify({ type: 'ping', payload }))
}

globalThis.WebSocket = class extends globalThis.WebSocket {
  constructor(...given) {
    super(...given)
    this.addEventListener('message', ({ data }) => {
      if (data.startsWith('{"type":"connection_ack"')) sockets.add(this)
    })
    this.addEventListener('close', () => sockets.delete(this))
  }
}

globalThis.fetch = async (resource, options = {}) => {
  const { origin, pathname } = new URL(resource, location.href)
  if (origin !== endpoint.origin || pathname !== endpoint.pathname) return plainFetch(resource, options)
  const headers = new Headers(options.headers)
  // What stands in GraphiQL's own editor of headers goes before.
  const token = headers.has('authorization') ? undefined : await freshToken()
  if (token) headers.set('authorization', `Bearer ${token}`)
  return plainFetch(resource, { ...options, headers })
}

tabs.addEventListener('message', ({ data }) => {
  if (session?.refreshToken === data.before) adopt(data.session)
})
form.addEventListener('submit', (event) => {
  event.preventDefault()
  signIn(form.elements.email.value, form.elements.password.value)
  form.elements.password.value = ''
})
person.querySelector('button').addEventListener('click', signOut)
for (const { email, password, about } of JSON.parse(bar.dataset.people)) {
  const offer = Object.assign(document.createElement('button'), {
    type: 'button',
    textContent: email,
    title: about,
  })
  offer.addEventListener('click', () => signIn(email, password))
  offers.append(offer)
}
transport.value = sessionStorage.getItem(transportKey) ?? 'SSE'
transport.addEventListener('change', () => {
  sessionStorage.setItem(transportKey, transport.value)
  location.reload()
})
adopt(session)

/** Starts GraphiQL, with a token that is good if there is one. */
globalThis.renderGraphiql = async (start, root, options) => {
  await freshToken()
  start(root, {
    ...options,
    method: 'POST',
    subscriptionsProtocol: transport.value,
    connectionParams: () => (session ? { authorization: `Bearer ${session.accessToken}` } : {}),
  })
}
