import { craft, ed25519, type Pair, p256, published, rsa, type Signer, signature, without } from './craft.ts'
import { jwtSecret, outsideName, ownName, serviceSecret, type TokenKit } from './token-kit.ts'

/** A token that must be refused, and what the log must say of it, so that it is refused for its own fault. */
export interface Attack {
  readonly name: string
  readonly make: (kit: TokenKit) => string | Promise<string>
  readonly reason: RegExp
}

export const seconds = () => Math.floor(Date.now() / 1000)

const attacker = ed25519('attacker')
const attackerRsa = rsa('outside-1')

export const ownHeader = ({ own }: TokenKit) => ({ alg: 'EdDSA', typ: 'at+jwt', kid: own.kid })
export const ownClaims = () => ({
  iss: ownName,
  sub: '7',
  aud: 'tributary',
  type: 'access',
  email: 'ada@example.org',
  role: 'admin',
  organization_id: 1,
  sid: '0b0e8a0e-5f2b-4f0a-9d43-3f6c1f8f3a11',
  jti: 'a-token',
  iat: seconds(),
  nbf: seconds(),
  exp: seconds() + 600,
})
const ownSigner = ({ own }: TokenKit): Signer => ({ alg: 'EdDSA', key: own.privateKey })

/** An access token of the gateway's own, well signed but for what is changed. */
export const ownToken = (kit: TokenKit, claims: object = {}, header: object = {}) =>
  craft({ ...ownHeader(kit), ...header }, { ...ownClaims(), ...claims }, ownSigner(kit))

export const outsideHeader = ({ outside }: TokenKit) => ({ alg: 'RS256', typ: 'JWT', kid: outside.kid })
export const outsideClaims = () => ({
  iss: outsideName,
  sub: '3f1c7a52-8f66-4bb1-9d8e-0a2f4e5b6c7d',
  aud: ['account', 'broker'],
  typ: 'Bearer',
  azp: 'platform',
  email: 'ada@example.org',
  email_verified: true,
  jti: 'an-outside-token',
  iat: seconds(),
  exp: seconds() + 300,
})
export const outsideToken = (
  kit: TokenKit,
  claims: object = {},
  header: object = {},
  pair: Pair = kit.outside,
) =>
  craft(
    { ...outsideHeader(kit), ...header },
    { ...outsideClaims(), ...claims },
    { alg: 'RS256', key: pair.privateKey },
  )

export const legacyClaims = () => ({
  sub: '7',
  email: 'ada@example.org',
  role: 'admin',
  organization_id: 1,
  type: 'access',
  exp: seconds() + 3600,
})
export const legacyToken = (claims: object = {}, header: object = {}, secret = jwtSecret) =>
  craft(
    { alg: 'HS256', typ: 'JWT', ...header },
    { ...legacyClaims(), ...claims },
    { alg: 'HS256', key: secret },
  )

const pem = ({ publicKey }: Pair) => publicKey.export({ format: 'pem', type: 'spki' }) as string
const part = (value: object | string) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

/** A token whose payload is this text, letter by letter. */
const spelt = (kit: TokenKit, claims: string) => craft(ownHeader(kit), claims, ownSigner(kit))
const spelling = (members: object) => JSON.stringify(members).slice(0, -1)

const attack = (name: string, reason: RegExp, make: Attack['make']): Attack => ({ name, reason, make })

const unknownKey = /key is not known/
const wrongAlgorithm = /alg is not one/
const badSignature = /signature verification failed/

export const formAttacks: readonly Attack[] = [
  attack('nothing at all', /three parts/, () => ''),
  attack('no dots', /three parts/, () => 'abc'),
  attack('two parts', /three parts/, (kit) => ownToken(kit).split('.').slice(0, 2).join('.')),
  attack('four parts', /three parts/, (kit) => `${ownToken(kit)}.x`),
  attack('five parts, as an encrypted token has', /three parts/, () => 'a.b.c.d.e'),
  attack('an empty signature', /not signed/, (kit) => ownToken(kit).replace(/[^.]+$/, '')),
  attack('an empty header', /header is no JSON/, (kit) => ownToken(kit).replace(/^[^.]+/, '')),
  attack('an empty payload', /payload is no JSON/, (kit) => ownToken(kit).replace(/\.[^.]+\./, '..')),
  attack('padding', /not base64url/, (kit) => `${ownToken(kit)}==`),
  attack('a line end after it', /not base64url/, (kit) => `${ownToken(kit)}\n`),
  attack('a blank before it', /not base64url/, (kit) => ` ${ownToken(kit)}`),
  attack('plain base64', /not base64url/, (kit) => `${ownToken(kit).replace(/[^.]+$/, '')}+/+/`),
  attack('bits left over in the signature', /not base64url/, (kit) => {
    const token = ownToken(kit)
    const last = token.at(-1) as string
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    return token.slice(0, -1) + letters[letters.indexOf(last) + 1]
  }),
  attack('more than 8 KB', /too long/, (kit) => ownToken(kit, { email: 'a'.repeat(9000) })),
  attack('the JSON form of a JWS', /three parts/, (kit) => {
    const [protectedPart, payload, signed] = ownToken(kit).split('.')
    return JSON.stringify({ protected: protectedPart, payload, signature: signed })
  }),
  attack('a payload that is a list', /payload is no JSON/, (kit) => spelt(kit, '[]')),
  attack('a payload that is null', /payload is no JSON/, (kit) => spelt(kit, 'null')),
  attack('a payload that is a string', /payload is no JSON/, (kit) => spelt(kit, '"7"')),
  attack('a payload that is not JSON', /payload is no JSON/, (kit) => spelt(kit, '{sub:7}')),
  attack('a payload that is not UTF-8', /payload is no JSON/, (kit) => {
    const bytes = Buffer.concat([Buffer.from('{"sub":"7'), Buffer.from([0xc0, 0xaf]), Buffer.from('"}')])
    const input = `${part(ownHeader(kit))}.${bytes.toString('base64url')}`
    return `${input}.${signature(input, ownSigner(kit)).toString('base64url')}`
  }),
  attack('a header that is not JSON', /header is no JSON/, (kit) =>
    craft('{alg:EdDSA}', ownClaims(), ownSigner(kit)),
  ),
  attack('a payload with a byte order mark', /payload is no JSON/, (kit) =>
    spelt(kit, `\ufeff${JSON.stringify(ownClaims())}`),
  ),
  attack('a claim twice', /member twice/, (kit) => spelt(kit, `${spelling(ownClaims())},"sub":"1"}`)),
  attack('a claim twice, spelt in two ways', /member twice/, (kit) =>
    spelt(kit, `${spelling(ownClaims())},"\\u0073ub" : "1"}`),
  ),
  attack('a member twice deep inside', /member twice/, (kit) =>
    spelt(kit, `${spelling(ownClaims())},"x":[{"y":{"z":1,"z":2}}]}`),
  ),
  attack('alg twice in the header', /member twice/, (kit) =>
    craft(`${spelling(ownHeader(kit))},"alg":"none"}`, ownClaims(), ownSigner(kit)),
  ),
]

export const algorithmAttacks: readonly Attack[] = [
  ...['none', 'None', 'NONE', 'nOnE', ''].map((alg) =>
    attack(`alg "${alg}" with a signature`, wrongAlgorithm, (kit) => ownToken(kit, {}, { alg })),
  ),
  attack('alg none without a signature', /not signed/, (kit) =>
    craft({ ...ownHeader(kit), alg: 'none' }, ownClaims(), undefined),
  ),
  attack('no alg', /alg is no string/, (kit) =>
    craft(without(ownHeader(kit), 'alg'), ownClaims(), ownSigner(kit)),
  ),
  attack('a list for alg', /alg is no string/, (kit) => ownToken(kit, {}, { alg: ['EdDSA'] })),
  attack('alg in small letters', wrongAlgorithm, (kit) => ownToken(kit, {}, { alg: 'eddsa' })),
  attack('HS256 by the public key as PEM', wrongAlgorithm, (kit) =>
    craft({ ...ownHeader(kit), alg: 'HS256' }, ownClaims(), { alg: 'HS256', key: pem(kit.own) }),
  ),
  attack('HS256 by the public key as JWK', wrongAlgorithm, (kit) =>
    craft({ ...ownHeader(kit), alg: 'HS256' }, ownClaims(), {
      alg: 'HS256',
      key: JSON.stringify(kit.ring.jwks().keys[0]),
    }),
  ),
  attack('HS256 by the bytes of the public key', wrongAlgorithm, (kit) =>
    craft({ ...ownHeader(kit), alg: 'HS256' }, ownClaims(), {
      alg: 'HS256',
      key: Buffer.from(kit.ring.jwks().keys[0]?.x as string, 'base64url'),
    }),
  ),
  attack('HS256 by the backend’s secret in the gateway’s name', wrongAlgorithm, (kit) =>
    craft({ ...ownHeader(kit), alg: 'HS256' }, ownClaims(), { alg: 'HS256', key: jwtSecret }),
  ),
  attack('HS256 by the outside issuer’s public key', wrongAlgorithm, (kit) =>
    craft({ ...outsideHeader(kit), alg: 'HS256' }, outsideClaims(), { alg: 'HS256', key: pem(kit.outside) }),
  ),
  ...['RS384', 'PS256', 'ES256', 'EdDSA', 'RS1'].map((alg) =>
    attack(`${alg} from an issuer that is to use RS256`, wrongAlgorithm, (kit) =>
      outsideToken(kit, {}, { alg }),
    ),
  ),
  attack('another algorithm than the key’s', unknownKey, (kit) =>
    craft({ ...ownHeader(kit), alg: 'ES256' }, ownClaims(), { alg: 'ES256', key: p256('').privateKey }),
  ),
]

const point = p256('attacker').publicKey.export({ format: 'jwk' })

export const keyAttacks: readonly Attack[] = [
  attack('another key under the right name', badSignature, (kit) =>
    craft(ownHeader(kit), ownClaims(), { alg: 'EdDSA', key: attacker.privateKey }),
  ),
  attack('another RSA key under the outside issuer’s name', badSignature, (kit) =>
    outsideToken(kit, {}, {}, attackerRsa),
  ),
  attack('the outside issuer’s key in the gateway’s name', wrongAlgorithm, (kit) =>
    craft({ alg: 'RS256', typ: 'at+jwt', kid: kit.outside.kid }, ownClaims(), {
      alg: 'RS256',
      key: kit.outside.privateKey,
    }),
  ),
  attack('the gateway’s key in the outside issuer’s name', wrongAlgorithm, (kit) =>
    craft({ ...ownHeader(kit), typ: 'JWT' }, outsideClaims(), ownSigner(kit)),
  ),
  attack('a signature of other claims', badSignature, (kit) => {
    const [header, , signed] = ownToken(kit).split('.')
    return [header, part({ ...ownClaims(), sub: '1' }), signed].join('.')
  }),
  attack('a signature of zeros', badSignature, (kit) =>
    ownToken(kit).replace(/[^.]+$/, Buffer.alloc(64).toString('base64url')),
  ),
  attack('half a signature', badSignature, (kit) =>
    ownToken(kit).replace(/[^.]+$/, Buffer.alloc(32, 1).toString('base64url')),
  ),
  attack('a key brought along (jwk)', /header has jwk/, (kit) =>
    craft({ ...ownHeader(kit), jwk: published(attacker) }, ownClaims(), {
      alg: 'EdDSA',
      key: attacker.privateKey,
    }),
  ),
  attack('a place to fetch keys (jku)', /header has jku/, (kit) =>
    ownToken(kit, {}, { jku: kit.keyServer.address }),
  ),
  attack('a place to fetch a certificate (x5u)', /header has x5u/, (kit) =>
    ownToken(kit, {}, { x5u: 'https://attacker.example/cert.pem' }),
  ),
  attack('a certificate brought along (x5c)', /header has x5c/, (kit) => ownToken(kit, {}, { x5c: ['MII'] })),
  attack('crit', /header has crit/, (kit) => ownToken(kit, {}, { crit: ['exp'] })),
  attack('an empty crit', /header has crit/, (kit) => ownToken(kit, {}, { crit: [] })),
  attack('a payload that is not encoded (b64)', /header has b64/, (kit) => ownToken(kit, {}, { b64: false })),
  attack('compression (zip)', /header has zip/, (kit) => ownToken(kit, {}, { zip: 'DEF' })),
  attack('a token within (cty)', /header has cty/, (kit) => ownToken(kit, {}, { cty: 'JWT' })),
  attack('an ephemeral key (epk)', /header has epk/, (kit) => ownToken(kit, {}, { epk: point })),
  attack('no kid', /names no key/, (kit) =>
    craft(without(ownHeader(kit), 'kid'), ownClaims(), ownSigner(kit)),
  ),
  attack('a kid of nobody', unknownKey, (kit) => ownToken(kit, {}, { kid: 'nobody' })),
  ...['../../../../dev/null', '/etc/passwd', '__proto__', 'constructor', 'https://attacker.example/keys'].map(
    (kid) => attack(`kid ${kid}`, unknownKey, (kit) => ownToken(kit, {}, { kid })),
  ),
  ...[
    ['a kid in SQL', "x' UNION SELECT 'a'--"],
    ['a kid for the shell', '|id;$(id)'],
    ['an empty kid', ''],
    ['a kid of 10,000 letters', 'k'.repeat(5000)],
    ['a kid with a null byte', 'key\0'],
    ['a number for kid', 1],
    ['a list for kid', ['a']],
    ['null for kid', null],
    ['an object for kid', { toString: 'x' }],
  ].map(([name, kid]) => attack(String(name), /kid is no name/, (kit) => ownToken(kit, {}, { kid }))),
  attack('the outside key’s name on a gateway token', unknownKey, (kit) =>
    ownToken(kit, {}, { kid: kit.outside.kid }),
  ),
]

const changed = (name: string, reason: RegExp, claims: () => object): Attack =>
  attack(name, reason, (kit) => ownToken(kit, claims()))
const missing = (claim: string, reason: RegExp): Attack =>
  attack(`no ${claim}`, reason, (kit) => craft(ownHeader(kit), without(ownClaims(), claim), ownSigner(kit)))

const wrongSubjects = [
  '',
  '0',
  '-7',
  '+7',
  '07',
  '7.0',
  '7e0',
  '0x7',
  ' 7',
  '7 ',
  '7\n',
  '7\0',
  '٧',
  '２',
  'admin',
  '2147483648',
  '9'.repeat(300),
  7,
  null,
  true,
  ['7'],
  { id: 7 },
]

export const claimAttacks: readonly Attack[] = [
  missing('iss', /names a key/),
  missing('sub', /sub is no id/),
  missing('aud', /aud names nobody/),
  missing('exp', /exp is no time/),
  missing('iat', /when it was issued/),
  missing('jti', /no jti/),
  missing('sid', /no session/),
  missing('type', /neither an access/),
  changed('an unknown issuer', /issuer is not known/, () => ({ iss: 'https://attacker.example' })),
  changed('the issuer with a slash more', /issuer is not known/, () => ({ iss: `${ownName}/` })),
  changed('the issuer in capitals', /issuer is not known/, () => ({ iss: ownName.toUpperCase() })),
  changed('a list of issuers', /issuer is not known/, () => ({ iss: [ownName] })),
  changed('null for an issuer', /issuer is not known/, () => ({ iss: null })),
  ...wrongSubjects.map((sub) =>
    changed(`sub ${JSON.stringify(sub).slice(0, 20)}`, /sub is no id/, () => ({ sub })),
  ),
  changed('another audience', /another audience/, () => ({ aud: 'account' })),
  changed('an audience that begins right', /another audience/, () => ({ aud: 'tributary-admin' })),
  changed('two audiences', /another audience/, () => ({ aud: ['tributary', 'labeler'] })),
  changed('no audience in the list', /aud names nobody/, () => ({ aud: [] })),
  changed('an audience in a list in a list', /aud names nobody/, () => ({ aud: [['tributary']] })),
  changed('an object for the audience', /aud names nobody/, () => ({ aud: { 0: 'tributary' } })),
  changed('an expired one', /has expired/, () => ({ iat: seconds() - 600, nbf: 0, exp: seconds() - 6 })),
  changed('exp as a text', /exp is no time/, () => ({ exp: String(seconds() + 60) })),
  changed('exp beyond all time', /exp is no time/, () => ({ exp: 1e300 })),
  changed('exp in milliseconds', /exp is no time|too long/, () => ({ exp: Date.now() + 60_000 })),
  changed('a negative exp', /exp is no time/, () => ({ exp: -1 })),
  changed('null for exp', /exp is no time/, () => ({ exp: null })),
  changed('good for a year', /too long/, () => ({ exp: seconds() + 365 * 24 * 3600 })),
  changed('good for years, issued long ago', /too long/, () => ({ iat: 1, exp: seconds() + 60 })),
  changed('issued in the future', /in the future/, () => ({ iat: seconds() + 60, nbf: undefined })),
  changed('iat as a text', /iat is no time/, () => ({ iat: 'now' })),
  changed('not good yet', /not good yet/, () => ({ nbf: seconds() + 60 })),
  changed('nbf as a text', /nbf is no time/, () => ({ nbf: '0' })),
  changed('an object for sid', /no session/, () => ({ sid: {} })),
  changed('an empty sid', /no session/, () => ({ sid: '' })),
  changed('a number for jti', /no jti/, () => ({ jti: 1 })),
]

const service = (kit: TokenKit, claims: object = {}, header: object = {}) =>
  craft(
    { ...ownHeader(kit), typ: 'JWT', ...header },
    { ...without(ownClaims(), 'sid'), sub: 'labeler', type: 'service', scope: 'accounts:read', ...claims },
    ownSigner(kit),
  )
export const serviceToken = service

const neither = /neither an access/

export const kindAttacks: readonly Attack[] = [
  attack('an access token of typ JWT', neither, (kit) => ownToken(kit, {}, { typ: 'JWT' })),
  attack('an access token without typ', neither, (kit) =>
    craft(without(ownHeader(kit), 'typ'), ownClaims(), ownSigner(kit)),
  ),
  attack('a number for typ', /typ is no string/, (kit) => ownToken(kit, {}, { typ: 1 })),
  attack('a refresh token of typ at+jwt', neither, (kit) => ownToken(kit, { type: 'refresh' })),
  attack('a service token of typ at+jwt', neither, (kit) => service(kit, {}, { typ: 'at+jwt' })),
  attack('a refresh token of typ JWT', neither, (kit) => service(kit, { type: 'refresh' })),
  attack('a service token in a person’s name', /names no program/, (kit) => service(kit, { sub: '7' })),
  attack('a service token for the Labeler', /another audience/, (kit) => service(kit, { aud: 'labeler' })),
  attack('a service token without scope', /no scope/, (kit) => service(kit, { scope: undefined })),
  attack('a service token for a year', /too long/, (kit) =>
    service(kit, { exp: seconds() + 365 * 24 * 3600 }),
  ),
]

const noAccess = /no access token|no plain access/

export const outsideAttacks: readonly Attack[] = [
  ...['ID', 'Refresh', 'Offline', 'Logout', 'DPoP'].map((typ) =>
    attack(`an outside ${typ} token`, noAccess, (kit) => outsideToken(kit, { typ })),
  ),
  ...['logout+jwt', 'dpop+jwt', 'secevent+jwt', 'JOSE'].map((typ) =>
    attack(`typ ${typ}`, /typ is none/, (kit) => outsideToken(kit, {}, { typ })),
  ),
  attack('an outside refresh token by type', noAccess, (kit) => outsideToken(kit, { type: 'refresh' })),
  attack('an outside identity token by token_use', noAccess, (kit) => outsideToken(kit, { token_use: 'id' })),
  attack('an identity token', noAccess, (kit) => outsideToken(kit, { at_hash: 'x' })),
  attack('a logout event', noAccess, (kit) => outsideToken(kit, { events: {} })),
  attack('a token bound to a proof', noAccess, (kit) => outsideToken(kit, { cnf: { jkt: 'x' } })),
  attack('an outside token for others', /another audience/, (kit) => outsideToken(kit, { aud: 'broker' })),
  attack('a party instead of an audience', /aud names nobody/, (kit) =>
    outsideToken(kit, { aud: undefined, azp: 'account' }),
  ),
  attack('a number among the audiences', /aud names nobody/, (kit) =>
    outsideToken(kit, { aud: ['account', 1] }),
  ),
  attack('no iat', /when it was issued/, (kit) => outsideToken(kit, { iat: undefined })),
  attack('no exp', /exp is no time/, (kit) => outsideToken(kit, { exp: undefined })),
  attack('an empty sub', /names nobody/, (kit) => outsideToken(kit, { sub: '' })),
  attack('a sub with a null byte', /names nobody/, (kit) => outsideToken(kit, { sub: 'a\0b' })),
  attack('a sub of 256 letters', /names nobody/, (kit) => outsideToken(kit, { sub: 'a'.repeat(256) })),
  attack('a sub that turns the line around', /names nobody/, (kit) => outsideToken(kit, { sub: 'a\u202eb' })),
  attack('an object for sub', /names nobody/, (kit) => outsideToken(kit, { sub: { toString: 'x' } })),
  attack('expired beyond the tolerance', /has expired/, (kit) =>
    outsideToken(kit, { iat: seconds() - 60, exp: seconds() - 6 }),
  ),
]

export const legacyAttacks: readonly Attack[] = [
  attack('another secret', badSignature, () => legacyToken({}, {}, 'secret')),
  attack('the Labeler’s secret', badSignature, () => legacyToken({}, {}, serviceSecret)),
  attack('HS512 by the right secret', wrongAlgorithm, () =>
    craft({ alg: 'HS512', typ: 'JWT' }, legacyClaims(), { alg: 'HS512', key: jwtSecret }),
  ),
  attack('alg none', /not signed/, () => craft({ alg: 'none' }, legacyClaims(), undefined)),
  attack('alg none with a signature', wrongAlgorithm, () => legacyToken({}, { alg: 'none' })),
  attack('a legacy refresh token', /no access token/, () => legacyToken({ type: 'refresh' })),
  attack('a legacy token without type', /no access token/, () => legacyToken({ type: undefined })),
  attack('a legacy token without exp', /exp is no time/, () => legacyToken({ exp: undefined })),
  attack('a legacy token for a month', /too long/, () => legacyToken({ exp: seconds() + 30 * 24 * 3600 })),
  attack('an expired legacy token', /has expired/, () => legacyToken({ exp: seconds() - 6 })),
  attack('a number for sub', /sub is no id/, () => legacyToken({ sub: 7 })),
  attack('a legacy token in the gateway’s name', /names no key/, () => legacyToken({ iss: ownName })),
  attack('a legacy token in an outside issuer’s name', wrongAlgorithm, () =>
    legacyToken({ iss: outsideName }),
  ),
  attack('a legacy token in anybody’s name', /issuer is not known/, () => legacyToken({ iss: 'platform' })),
  attack('a legacy token for the Labeler', /another audience/, () => legacyToken({ aud: 'labeler' })),
  attack('a legacy token of typ at+jwt', /typ is none/, () => legacyToken({}, { typ: 'at+jwt' })),
  attack('a legacy token that names a key', /names a key/, () => legacyToken({}, { kid: 'x' })),
  attack('the token of the Labeler’s single sign-on', /issuer is not known/, () =>
    legacyToken({ iss: 'platform', aud: 'labeler', type: 'service', user_id: 7 }, {}, serviceSecret),
  ),
]
