import type { IssuedToken } from '../../auth/sessions/access-tokens.ts'
import type { SessionTokens, SignInRefusal } from '../../auth/sessions/session-service.ts'
import { builder } from '../../graph/builder.ts'
import { Failure, failureKind, NotPermitted } from '../../graph/failure.ts'
import { mutation } from '../../graph/mutation.ts'

const InvalidCredentials = failureKind('InvalidCredentials', {
  code: 'INVALID_CREDENTIALS',
  description:
    'There is no such account, its password is another, or it is locked; which of them is not told.',
})

const SignInLimited = failureKind('SignInLimited', {
  code: 'SIGN_IN_LIMITED',
  description: 'Too many attempts have failed on the account, or from the network address.',
  numbers: { retryAfter: 'Seconds until another attempt is looked at.' },
})

const InvalidRefreshToken = failureKind('InvalidRefreshToken', {
  code: 'INVALID_REFRESH_TOKEN',
  description: 'The refresh token is unknown, out of date, used before, or of a session that is over.',
})

const PasswordUnsuitable = failureKind('PasswordUnsuitable', {
  code: 'PASSWORD_UNSUITABLE',
  description: 'The new password cannot be set; the message says why.',
})

const Audience = builder.enumType('Audience', {
  description: 'Whom a session’s tokens are for.',
  values: {
    TRIBUTARY: { value: 'tributary', description: 'This graph.' },
    LABELER: {
      value: 'labeler',
      description:
        'The Labeler: its tokens read accounts, organizations and memberships, and change nothing.',
    },
  } as const,
})

const moment = (date: Date) => date.toISOString().replace('Z', '000Z')

const Tokens = builder.objectRef<SessionTokens>('SessionTokens').implement({
  description: 'What a signed-in person holds. Both tokens are secrets.',
  fields: (t) => ({
    accessToken: t.string({
      nullable: false,
      description: 'Goes into the header `Authorization: Bearer …`.',
      resolve: ({ access }) => access.token,
    }),
    accessTokenExpiresAt: t.field({
      type: 'DateTime',
      nullable: false,
      description: 'Until when the access token is good.',
      resolve: ({ access }) => moment(access.expiresAt),
    }),
    refreshToken: t.string({
      nullable: false,
      description: 'Good for one `refreshToken`; a second use ends the session.',
      resolve: ({ refresh }) => refresh.token,
    }),
    refreshTokenExpiresAt: t.field({
      type: 'DateTime',
      nullable: false,
      description: 'Until when the refresh token is good.',
      resolve: ({ refresh }) => moment(refresh.expiresAt),
    }),
  }),
})

const refused = (refusal: SignInRefusal): Failure =>
  refusal.kind === 'invalid'
    ? new Failure(InvalidCredentials, 'The e-mail address or the password is not right.')
    : new Failure(SignInLimited, `There were too many attempts. Try again in ${refusal.retryAfter} s.`, {
        retryAfter: refusal.retryAfter,
      })

interface Signed {
  readonly tokens: SessionTokens
}

interface EndedSessions {
  readonly endedSessions: number
}

const userTarget = (id: number | undefined) => (id === undefined ? {} : { target: `user:${id}` })

mutation('signIn', {
  description: 'Begins a session with e-mail address and password.',
  access: 'anybody',
  triesCredentials: true,
  input: (t) => ({
    email: t.string({ required: true, description: 'Address of the account.' }),
    password: t.string({ required: true, description: 'Its password.' }),
    audience: t.field({
      type: Audience,
      required: true,
      defaultValue: 'tributary',
      description: 'Whom the tokens are for.',
    }),
  }),
  success: builder.objectRef<Signed>('SignInSuccess').implement({
    description: 'The session has begun.',
    fields: (t) => ({
      tokens: t.field({
        type: Tokens,
        nullable: false,
        description: 'The session’s tokens.',
        resolve: ({ tokens }) => tokens,
      }),
    }),
  }),
  failures: [InvalidCredentials, SignInLimited],
  run: async ({ email, password, audience }, { session, note }) => {
    const { sessions, address, userAgent } = session
    const outcome = await sessions.signIn({ email, password, audience, address, userAgent })
    note({ ...userTarget('user' in outcome ? outcome.user : undefined), detail: { audience } })
    if (outcome.kind !== 'signed-in') return refused(outcome)
    return { tokens: outcome.tokens }
  },
})

mutation('refreshToken', {
  description:
    'Puts new tokens in the place of a refresh token. Asked without the access token, which may be out of date.',
  access: 'anybody',
  triesCredentials: true,
  input: (t) => ({
    refreshToken: t.string({ required: true, description: 'The newest refresh token of the session.' }),
  }),
  success: builder.objectRef<Signed>('RefreshTokenSuccess').implement({
    description: 'The session goes on with new tokens.',
    fields: (t) => ({
      tokens: t.field({
        type: Tokens,
        nullable: false,
        description: 'The session’s tokens from now on.',
        resolve: ({ tokens }) => tokens,
      }),
    }),
  }),
  failures: [InvalidRefreshToken],
  run: async ({ refreshToken }, { session, note }) => {
    const refreshed = await session.sessions.refresh(refreshToken)
    note(userTarget(refreshed.user))
    if (refreshed.kind === 'signed-in') return { tokens: refreshed.tokens }
    note({ detail: { reason: refreshed.reason } })
    return new Failure(InvalidRefreshToken, 'The refresh token is not good any more. Sign in again.')
  },
})

mutation('signOut', {
  description:
    'Ends the session of the given refresh token, or else that of the access token in the header; its tokens are void.',
  access: 'anybody',
  input: (t) => ({
    refreshToken: t.string({ description: 'A refresh token of the session, good or not.' }),
  }),
  success: builder.objectRef<EndedSessions>('SignOutSuccess').implement({
    description: 'The session is over.',
    fields: (t) => ({
      endedSessions: t.exposeInt('endedSessions', {
        nullable: false,
        description: 'How many sessions ended; none where it was over before.',
      }),
    }),
  }),
  run: async ({ refreshToken }, { session: { sessions }, principal, note }) => {
    const { user, endedSessions } = await sessions.signOut(refreshToken ?? null, principal)
    note(userTarget(user))
    return { endedSessions }
  },
})

mutation('signOutEverywhere', {
  description: 'Ends every session of the person, on every device; all tokens issued so far are void.',
  access: 'person',
  success: builder.objectRef<EndedSessions>('SignOutEverywhereSuccess').implement({
    description: 'No session is left.',
    fields: (t) => ({
      endedSessions: t.exposeInt('endedSessions', {
        nullable: false,
        description: 'How many sessions ended.',
      }),
    }),
  }),
  run: async (_input, { session: { sessions }, principal, note }) => {
    note(userTarget(principal.id))
    return { endedSessions: await sessions.signOutEverywhere(principal.id) }
  },
})

mutation('changePassword', {
  description: 'Sets a new password, and ends the person’s other sessions.',
  access: 'person',
  triesCredentials: true,
  input: (t) => ({
    oldPassword: t.string({ required: true, description: 'The password until now.' }),
    newPassword: t.string({
      required: true,
      description: 'The password from now on: 8 to 100 characters, 72 bytes at most.',
    }),
  }),
  success: builder.objectRef<EndedSessions>('ChangePasswordSuccess').implement({
    description: 'The password is changed.',
    fields: (t) => ({
      endedSessions: t.exposeInt('endedSessions', {
        nullable: false,
        description: 'How many other sessions ended.',
      }),
    }),
  }),
  failures: [InvalidCredentials, SignInLimited, PasswordUnsuitable],
  run: async (passwords, { session: { sessions, address }, principal, note }) => {
    note(userTarget(principal.id))
    const change = await sessions.changePassword(principal, { ...passwords, address })
    if (change.kind === 'unsuitable') return new Failure(PasswordUnsuitable, change.reason)
    return change.kind === 'changed' ? { endedSessions: change.endedSessions } : refused(change)
  },
})

mutation('labelerSignIn', {
  description: 'Issues a token, good for five minutes, that signs the person in at the Labeler.',
  access: 'person',
  success: builder.objectRef<IssuedToken>('LabelerSignInSuccess').implement({
    description: 'The Labeler takes the token at its single sign-on.',
    fields: (t) => ({
      token: t.exposeString('token', { nullable: false, description: 'The token; a secret.' }),
      expiresAt: t.field({
        type: 'DateTime',
        nullable: false,
        description: 'Until when it is good.',
        resolve: ({ expiresAt }) => moment(expiresAt),
      }),
    }),
  }),
  run: async (_input, { session: { sessions }, principal, note }) => {
    note(userTarget(principal.id))
    const issued = await sessions.labelerSignIn(principal.id)
    return issued ?? new Failure(NotPermitted, 'The account is locked.')
  },
})
