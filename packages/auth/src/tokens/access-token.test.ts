import { createHmac, createPrivateKey, createPublicKey, generateKeyPairSync, randomUUIDv7, sign } from "node:crypto";
import fc from "fast-check";
import type { JWK } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { toNumericDate } from "../clock.ts";
import { AuthError } from "../errors.ts";
import { deriveKey, unseal } from "../secrets.ts";
import { createTestAuth, shareOut, type TestAuth, testSecret } from "../testing/index.ts";
import { type TokenAlgorithm, tokenAlgorithms } from "./access-token.ts";

const password = "correct horse battery";

type SessionAnswer = Awaited<ReturnType<TestAuth["auth"]["signIn"]>>;
type Members = Readonly<Record<string, unknown>>;
type Header = Members & { readonly alg: TokenAlgorithm; readonly kid: string };
type Claims = Members & { readonly sid: string; readonly iat: number; readonly exp: number };

/** A service whose signing key has been stolen, so that each forgery can be perfect but for one thing. */
interface Victim {
  readonly test: TestAuth;
  readonly algorithm: TokenAlgorithm;
  readonly alice: SessionAnswer;
  readonly bob: SessionAnswer;
  readonly privateJwk: JWK;
  readonly publicJwk: JWK;
  readonly header: Header;
  readonly claims: Claims;
  /** Signs a header and a payload, each an object or the very text. */
  forge(header: Members | string, claims: Members | string): string;
}

async function openVictim(algorithm: TokenAlgorithm): Promise<Victim> {
  const test = await createTestAuth({ tokens: { algorithm } });
  const [alice, bob] = [await signIn(test, "alice"), await signIn(test, "bob")];
  const header = headerOf(alice.token);
  const privateJwk = await stealKey(test, header.kid);
  return {
    test,
    algorithm,
    alice,
    bob,
    privateJwk,
    publicJwk: (await test.auth.publicKeys()).keys[0] ?? {},
    header,
    claims: claimsOf(alice.token),
    forge: (anyHeader, anyClaims) =>
      signSegments(`${encode(asText(anyHeader))}.${encode(asText(anyClaims))}`, algorithm, privateJwk),
  };
}

async function signIn({ auth, facts }: TestAuth, username: string): Promise<SessionAnswer> {
  await auth.createUser({ username, password });
  return auth.signIn({ username, password }, facts);
}

async function stealKey({ database }: TestAuth, kid: string): Promise<JWK> {
  const query = "select sealed_private_jwk as sealed from latchkey.signing_keys where kid = $1";
  const [row] = await database.query<{ sealed: Buffer }>(query, [kid]);
  const sealed = row?.sealed ?? Buffer.alloc(0);
  return JSON.parse(unseal(deriveKey(testSecret, "signing-keys"), sealed, `signing-key/${kid}`).toString());
}

const encode = (content: string | Uint8Array) => Buffer.from(content).toString("base64url");
const decode = (segment: string) => Buffer.from(segment, "base64url").toString();
const asText = (content: Members | string) => (typeof content === "string" ? content : JSON.stringify(content));

/** Signs as RFC 7515 §5.1 says, without the library that verifies. */
function signSegments(input: string, algorithm: TokenAlgorithm, jwk: JWK): string {
  return `${input}.${encode(signBytes(Buffer.from(input), algorithm, jwk))}`;
}

function signBytes(input: Buffer, algorithm: TokenAlgorithm, jwk: JWK): Buffer {
  if (algorithm === "HS256")
    return createHmac("sha256", Buffer.from(jwk.k ?? "", "base64url"))
      .update(input)
      .digest();
  const key = createPrivateKey({ key: { ...jwk }, format: "jwk" });
  return algorithm === "ES256" ? sign("sha256", input, { key, dsaEncoding: "ieee-p1363" }) : sign(null, input, key);
}

function createForeignJwk(algorithm: TokenAlgorithm): JWK {
  if (algorithm === "HS256") return { kty: "oct", k: encode("a key that somebody else made up") };
  const { privateKey } =
    algorithm === "ES256" ? generateKeyPairSync("ec", { namedCurve: "P-256" }) : generateKeyPairSync("ed25519");
  return privateKey.export({ format: "jwk" }) as JWK;
}

/** What a token is answered with, and `accepted` when it gets somebody in. Any other error than ours fails the test. */
async function present({ test }: Pick<Victim, "test">, ...authorization: string[]): Promise<string> {
  try {
    await test.auth.authenticate(authorization);
    return "accepted";
  } catch (error) {
    if (error instanceof AuthError) return error.code;
    throw error;
  }
}

function without(members: Members, name: string): Members {
  return Object.fromEntries(Object.entries(members).filter(([member]) => member !== name));
}

/** The segments of a good token, of which `change` makes others. */
function reassemble(token: string, change: (header: string, payload: string, signature: string) => string): string {
  const [header = "", payload = "", signature = ""] = token.split(".");
  return change(header, payload, signature);
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** Another spelling of the same bytes: one of the last character's unused bits is set. */
function respell(segment: string): string {
  if (segment.length % 4 === 0) throw new RangeError("The last character has no unused bits");
  return segment.slice(0, -1) + alphabet[alphabet.indexOf(segment.slice(-1)) + 1];
}

/** JSON with white space behind it until its base64url has unused bits. */
function unevenJson(members: Members): string {
  const json = JSON.stringify(members);
  return Buffer.byteLength(json) % 3 === 0 ? `${json} ` : json;
}

/** A good token whose signature has characters that base64url and base64 write differently. */
function forgeWithTellingSignature({ forge, header, claims }: Victim): string {
  for (let attempt = 0; ; attempt += 1) {
    const token = forge(header, { ...claims, jti: String(attempt) });
    if (/[-_][^.]*$/.test(token)) return token;
  }
}

type Forgery = readonly [what: string, make: (victim: Victim) => string];

const algorithmForgeries: Forgery[] = [
  ...["none", "None", "NONE", "nOnE", "", "none ", "\u0000none"].flatMap((alg): Forgery[] => [
    [`alg ${JSON.stringify(alg)} and no signature`, (v) => stripSignature(v.forge({ ...v.header, alg }, v.claims))],
    [`alg ${JSON.stringify(alg)} and a good signature`, (v) => v.forge({ ...v.header, alg }, v.claims)],
  ]),
  ["no alg", (v) => v.forge(without(v.header, "alg"), v.claims)],
  ...[null, 0, true, ["EdDSA"], { name: "ES256" }, "RS256", "PS256", "ES384", "HS384", "HS512", "Ed25519", "dir"].map(
    (alg): Forgery => [`alg ${JSON.stringify(alg)}`, (v) => v.forge({ ...v.header, alg }, v.claims)],
  ),
  ...tokenAlgorithms.map(
    (alg): Forgery => [
      `alg ${alg} in the wrong case`,
      (v) => v.forge({ ...v.header, alg: alg.toLowerCase() }, v.claims),
    ],
  ),
  ["the alg of another family with the same key id", (v) => v.forge({ ...v.header, alg: otherThan(v) }, v.claims)],
];

const stripSignature = (token: string) => reassemble(token, (header, payload) => `${header}.${payload}.`);
const otherThan = ({ algorithm }: Victim) => (algorithm === "ES256" ? "EdDSA" : "ES256");

/** HMAC with what everybody knows: the public key in every form in which a library could hand it on. */
const confusionForgeries: Forgery[] = (
  [
    ["the JWK's text", ({ publicJwk }) => JSON.stringify(publicJwk)],
    ["the key's id", ({ header }) => header.kid],
    ["the x member", ({ publicJwk }) => publicJwk.x ?? ""],
    ["the x coordinate", ({ publicJwk }) => Buffer.from(publicJwk.x ?? "", "base64url")],
    ["SPKI in PEM", (v) => exportSpki(v, "pem")],
    ["SPKI in PEM without its last line break", (v) => exportSpki(v, "pem").toString().trimEnd()],
    ["SPKI in DER", (v) => exportSpki(v, "der")],
    ["nothing", () => ""],
  ] satisfies [string, (victim: Victim) => string | Buffer][]
).map(([form, secretOf]) => [
  `HS256 keyed with ${form}`,
  (v) => {
    const input = `${encode(asText({ ...v.header, alg: "HS256" }))}.${encode(asText(v.claims))}`;
    return signSegments(input, "HS256", { kty: "oct", k: encode(secretOf(v)) });
  },
]);

function exportSpki({ publicJwk }: Victim, format: "pem" | "der"): Buffer {
  // A shared secret has no public part; any key's will do there.
  const jwk = publicJwk.kty ? publicJwk : createForeignJwk("EdDSA");
  return Buffer.from(createPublicKey({ key: { ...jwk }, format: "jwk" }).export({ type: "spki", format }));
}

const headerForgeries: Forgery[] = [
  ...Object.entries({
    jku: "https://attacker.example/jwks.json",
    x5u: "https://attacker.example/chain.pem",
    x5c: ["MIIB"],
    x5t: "c2hhMQ",
    "x5t#S256": "c2hhMjU2",
    cty: "JWT",
    zip: "DEF",
    enc: "A256GCM",
    b64: true,
    crit: [],
    iss: "latchkey",
    extra: 1,
    "": "",
  }).map(([member, value]): Forgery => [`${member}`, (v) => v.forge({ ...v.header, [member]: value }, v.claims)]),
  ["__proto__", (v) => v.forge(asText(v.header).replace("{", '{"__proto__":{"admin":true},'), v.claims)],
  ["crit with exp", (v) => v.forge({ ...v.header, crit: ["exp"], exp: v.claims.exp }, v.claims)],
  ["crit with a made-up name", (v) => v.forge({ ...v.header, crit: ["x"], x: 1 }, v.claims)],
  ["b64 false and crit, with an unencoded payload", forgeUnencoded],
  ["jwk of another key, signed by that key", forgeWithEmbeddedKey],
  ["jwk of our own key", (v) => v.forge({ ...v.header, jwk: v.publicJwk }, v.claims)],
  ["no typ", (v) => v.forge(without(v.header, "typ"), v.claims)],
  ...["JWT", "jwt", "at+JWT", "AT+JWT", "application/at+jwt", "at+jwt ", "", "logout+jwt", null, 1, ["at+jwt"]].map(
    (typ): Forgery => [`typ ${JSON.stringify(typ)}`, (v) => v.forge({ ...v.header, typ }, v.claims)],
  ),
  ["no kid", (v) => v.forge(without(v.header, "kid"), v.claims)],
  ...[
    "unknown",
    "",
    "../../../../dev/null",
    "/proc/sys/kernel/randomize_va_space",
    "' or '1'='1",
    "x'; drop table latchkey.signing_keys; --",
    "\0",
    "\ud800",
    "__proto__",
    "constructor",
    "k".repeat(4_000),
    null,
    0,
    true,
    ["a"],
    {},
  ].map((kid): Forgery => [`kid ${JSON.stringify(kid).slice(0, 50)}`, (v) => v.forge({ ...v.header, kid }, v.claims)]),
  ["our kid in an array", (v) => v.forge({ ...v.header, kid: [v.header.kid] }, v.claims)],
  ["our kid and a NUL", (v) => v.forge({ ...v.header, kid: `${v.header.kid}\0` }, v.claims)],
  ["our kid in another case", (v) => v.forge({ ...v.header, kid: swapCase(v.header.kid) }, v.claims)],
  ["a second kid behind ours", (v) => v.forge(asText(v.header).replace("}", ',"kid":"unknown"}'), v.claims)],
  ["a second alg behind ours", (v) => v.forge(asText(v.header).replace("}", ',"alg":"none"}'), v.claims)],
  ["a second typ behind ours", (v) => v.forge(asText(v.header).replace("}", ',"typ":"JWT"}'), v.claims)],
  ...["", "null", "true", "1", '"at+jwt"', "[]", "{", "{}", "{'alg':'none'}", "[".repeat(5_000)].map(
    (text): Forgery => [`the text ${JSON.stringify(text).slice(0, 30)} as the header`, (v) => v.forge(text, v.claims)],
  ),
  ["an array around the header", (v) => v.forge(`[${asText(v.header)}]`, v.claims)],
  ["UTF-16 instead of UTF-8", (v) => signOver(v, Buffer.from(asText(v.header), "utf16le"), asText(v.claims))],
  ["bytes that are not UTF-8", (v) => signOver(v, Buffer.from(asText(v.header)).fill(0xff, 2, 3), asText(v.claims))],
];

const swapCase = (text: string) =>
  text.replace(/[a-z]/gi, (letter) => (letter < "a" ? letter.toLowerCase() : letter.toUpperCase()));

function signOver({ algorithm, privateJwk }: Victim, header: Uint8Array | string, payload: Uint8Array | string) {
  return signSegments(`${encode(header)}.${encode(payload)}`, algorithm, privateJwk);
}

/** RFC 7797: the signature covers the payload's own text. */
function forgeUnencoded({ algorithm, privateJwk, header, claims }: Victim): string {
  const encodedHeader = encode(asText({ ...header, b64: false, crit: ["b64"] }));
  const signature = signBytes(Buffer.from(`${encodedHeader}.${asText(claims)}`), algorithm, privateJwk);
  return `${encodedHeader}.${encode(asText(claims))}.${encode(signature)}`;
}

function forgeWithEmbeddedKey({ algorithm, header, claims }: Victim): string {
  const privateJwk = createForeignJwk(algorithm);
  const { d: _, ...jwk } = privateJwk;
  return signSegments(`${encode(asText({ ...header, jwk }))}.${encode(asText(claims))}`, algorithm, privateJwk);
}

const claimForgeries: Forgery[] = [
  ...["iss", "aud", "sub", "sid", "jti", "iat", "exp"].flatMap((claim): Forgery[] => [
    [`no ${claim}`, (v) => v.forge(v.header, without(v.claims, claim))],
    [`${claim} null`, (v) => v.forge(v.header, { ...v.claims, [claim]: null })],
    [`${claim} in an array`, (v) => v.forge(v.header, { ...v.claims, [claim]: [v.claims[claim]] })],
    [`${claim} an object`, (v) => v.forge(v.header, { ...v.claims, [claim]: {} })],
    [`${claim} true`, (v) => v.forge(v.header, { ...v.claims, [claim]: true })],
    [`${claim} empty`, (v) => v.forge(v.header, { ...v.claims, [claim]: "" })],
  ]),
  ...["Latchkey", "latchkey/", "latchkey\0", "https://attacker.example"].flatMap((name): Forgery[] => [
    [`iss ${JSON.stringify(name)}`, (v) => v.forge(v.header, { ...v.claims, iss: name })],
    [`aud ${JSON.stringify(name)}`, (v) => v.forge(v.header, { ...v.claims, aud: name })],
  ]),
  ["two audiences", (v) => v.forge(v.header, { ...v.claims, aud: ["latchkey", "other"] })],
  ...["sub", "sid"].flatMap((claim): Forgery[] => [
    [`${claim} a username`, (v) => v.forge(v.header, { ...v.claims, [claim]: "alice" })],
    [
      `${claim} in capitals`,
      (v) => v.forge(v.header, { ...v.claims, [claim]: "01890A5D-AC96-774B-BCCE-B302099A8057" }),
    ],
    [
      `${claim} without hyphens`,
      (v) => v.forge(v.header, { ...v.claims, [claim]: String(v.claims[claim]).replaceAll("-", "") }),
    ],
    [`${claim} in braces`, (v) => v.forge(v.header, { ...v.claims, [claim]: `{${v.claims[claim]}}` })],
    [`${claim} and a line break`, (v) => v.forge(v.header, { ...v.claims, [claim]: `${v.claims[claim]}\n` })],
    [`${claim} and SQL`, (v) => v.forge(v.header, { ...v.claims, [claim]: `${v.claims[claim]}' or true --` })],
  ]),
  ["sub of somebody else", (v) => v.forge(v.header, { ...v.claims, sub: v.bob.user.id })],
  ["sub of nobody", (v) => v.forge(v.header, { ...v.claims, sub: randomUUIDv7() })],
  ["sid of somebody else", (v) => v.forge(v.header, { ...v.claims, sid: claimsOf(v.bob.token).sid })],
  ["jti of 65 characters", (v) => v.forge(v.header, { ...v.claims, jti: "j".repeat(65) })],
  ["nbf in the past", (v) => v.forge(v.header, { ...v.claims, nbf: 1 })],
  ["nbf in the future", (v) => v.forge(v.header, { ...v.claims, nbf: now(v) + 500 })],
  ["nbf null", (v) => v.forge(v.header, { ...v.claims, nbf: null })],
  ["iat 61 s ahead", (v) => v.forge(v.header, { ...v.claims, iat: now(v) + 61, exp: now(v) + 900 })],
  ["exp equal to iat", (v) => v.forge(v.header, { ...v.claims, exp: v.claims.iat })],
  ["exp before iat", (v) => v.forge(v.header, { ...v.claims, iat: now(v), exp: now(v) - 1 })],
  ["a life of a day and a second", (v) => v.forge(v.header, { ...v.claims, iat: now(v), exp: now(v) + 86_401 })],
  ["a life since 1970", (v) => v.forge(v.header, { ...v.claims, iat: 0 })],
  ["times in milliseconds", (v) => v.forge(v.header, { ...v.claims, iat: now(v) * 1000, exp: now(v) * 1000 + 900 })],
  ...["iat", "exp"].flatMap((claim) =>
    ["NaN", "Infinity", "-Infinity", "1e999", "1e300", "-1e300", "9007199254740992", "0x7fffffff", "now", '"now"'].map(
      (literal): Forgery => [`${claim} ${literal}`, (v) => v.forge(v.header, withLiteral(v.claims, claim, literal))],
    ),
  ),
  ...["iat", "exp"].flatMap((claim): Forgery[] => [
    [`${claim} with a fraction`, (v) => v.forge(v.header, { ...v.claims, [claim]: Number(v.claims[claim]) + 0.5 })],
    [`${claim} as text`, (v) => v.forge(v.header, { ...v.claims, [claim]: String(v.claims[claim]) })],
    [
      `${claim} as a date`,
      (v) => v.forge(v.header, { ...v.claims, [claim]: new Date(Number(v.claims[claim]) * 1000) }),
    ],
  ]),
  ["a second sub behind hers", (v) => v.forge(v.header, asText(v.claims).replace(/}$/, `,"sub":"${v.bob.user.id}"}`))],
  ["a second exp behind hers", (v) => v.forge(v.header, asText(v.claims).replace(/}$/, ',"exp":1e300}'))],
  ...["", "null", "true", "1", '"sub"', "[]", "{", "{}"].map(
    (text): Forgery => [`the text ${JSON.stringify(text)} as the payload`, (v) => v.forge(v.header, text)],
  ),
  ["an array around the claims", (v) => v.forge(v.header, `[${asText(v.claims)}]`)],
  ["claims that are not UTF-8", (v) => signOver(v, asText(v.header), Buffer.from(asText(v.claims)).fill(0xff, 2, 3))],
];

const now = ({ test }: Victim) => toNumericDate(test.clock.now());
const headerOf = (token: string): Header => JSON.parse(decode(token.split(".")[0] ?? ""));
const claimsOf = (token: string): Claims => JSON.parse(decode(token.split(".")[1] ?? ""));

/** The claims' text with something in place of a number that JSON.stringify would not write. */
function withLiteral(claims: Members, claim: string, literal: string): string {
  return asText({ ...claims, [claim]: "@" }).replace('"@"', literal);
}

/** Characters that base64url does not have; some decoders skip them, some fold them into ones that it has. */
const strangers = ["\n", "\t", "\r\n", "\0", "\u00a0", "\u200b", "\ufeff", "%", "é", "A\u0300", "Ａ"];

const formForgeries: Forgery[] = [
  ...strangers.map((text): Forgery => [`${JSON.stringify(text)} before it`, (v) => text + v.alice.token]),
  ["no segment", () => "."],
  ["three empty segments", () => ".."],
  ["one segment", (v) => reassemble(v.alice.token, (header) => header)],
  ["two segments", (v) => reassemble(v.alice.token, (header, payload) => `${header}.${payload}`)],
  ["four segments", (v) => `${v.alice.token}.AAAA`],
  ["a dot at the end", (v) => `${v.alice.token}.`],
  ["a dot at the start", (v) => `.${v.alice.token}`],
  [
    "a JWE of five segments",
    (v) => reassemble(v.alice.token, (header, payload) => `${header}.AAAA.AAAA.${payload}.AAAA`),
  ],
  ["an empty header", (v) => reassemble(v.alice.token, (_, payload, signature) => `.${payload}.${signature}`)],
  ["an empty payload", (v) => reassemble(v.alice.token, (header, _, signature) => `${header}..${signature}`)],
  ["an empty payload that is signed", (v) => signSegments(`${encode(asText(v.header))}.`, v.algorithm, v.privateJwk)],
  ["the flattened JSON serialisation", (v) => JSON.stringify(toJsonSerialization(v.alice.token))],
  ["the general JSON serialisation", (v) => JSON.stringify(toGeneralSerialization(v.alice.token))],
  ["padding behind the token", (v) => `${v.alice.token}${"=".repeat((4 - (v.alice.token.length % 4)) % 4 || 1)}`],
  ["padding behind a signed header", (v) => signRespelled(v, (header, payload) => `${header}=.${payload}`)],
  ["padding behind a signed payload", (v) => signRespelled(v, (header, payload) => `${header}.${payload}==`)],
  [
    "a signed header in another spelling",
    (v) => signRespelled(v, (header, payload) => `${respell(header)}.${payload}`),
  ],
  [
    "a signed payload in another spelling",
    (v) => signRespelled(v, (header, payload) => `${header}.${respell(payload)}`),
  ],
  [
    "the signature in another spelling",
    (v) => reassemble(v.alice.token, (h, p, signature) => `${h}.${p}.${respell(signature)}`),
  ],
  ["the signature in base64", (v) => forgeWithTellingSignature(v).replaceAll("-", "+").replaceAll("_", "/")],
  // A space before it is none of the token's: the header may have several there.
  ...[...strangers, " "].flatMap((text): Forgery[] => [
    [`${JSON.stringify(text)} behind it`, (v) => v.alice.token + text],
    [`${JSON.stringify(text)} in it`, (v) => v.alice.token.replace(".", `.${text}`)],
    [
      `${JSON.stringify(text)} in a signed payload`,
      (v) => signRespelled(v, (header, payload) => `${header}.${text}${payload}`),
    ],
  ]),
  ["more than 8,192 characters", (v) => forgeOfLength(v, 8_193)],
  ["a megabyte", (v) => v.forge(v.header, { ...v.claims, padding: "x".repeat(1_000_000) })],
  ["a million dots", () => ".".repeat(1_000_000)],
];

function toJsonSerialization(token: string): Members {
  const [header = "", payload = "", signature = ""] = token.split(".");
  return { protected: header, payload, signature };
}

function toGeneralSerialization(token: string): Members {
  const { payload, ...signature } = toJsonSerialization(token);
  return { payload, signatures: [signature] };
}

/** Signs a spelling of header and payload that is not canonical, so that only the gate stands in its way. */
function signRespelled(victim: Victim, change: (header: string, payload: string) => string): string {
  const [header, payload] = [encode(unevenJson(victim.header)), encode(unevenJson(victim.claims))];
  return signSegments(change(header, payload), victim.algorithm, victim.privateJwk);
}

/** A good token of this many characters, or at most two more: base64url has no text for every length. */
function forgeOfLength({ forge, header, claims }: Victim, length: number): string {
  const missing = length - forge(header, { ...claims, padding: "" }).length;
  return forge(header, { ...claims, padding: "x".repeat(Math.ceil((missing * 3) / 4)) });
}

const signatureForgeries: Forgery[] = [
  ["another key's", (v) => resign(v, createForeignJwk(v.algorithm))],
  ["cut by a character", (v) => v.alice.token.slice(0, -1)],
  ["cut by three bytes", (v) => v.alice.token.slice(0, -4)],
  ["cut in half", (v) => withSignature(v, (signature) => signature.subarray(0, signature.length / 2))],
  ["of one byte", (v) => withSignature(v, (signature) => signature.subarray(0, 1))],
  ["longer by a byte", (v) => withSignature(v, (signature) => Buffer.concat([signature, Buffer.alloc(1)]))],
  ["twice", (v) => withSignature(v, (signature) => Buffer.concat([signature, signature]))],
  ["all zero", (v) => withSignature(v, (signature) => Buffer.alloc(signature.length))],
  ["all ones", (v) => withSignature(v, (signature) => Buffer.alloc(signature.length, 0xff))],
  [
    "all zero but for the last byte",
    (v) => withSignature(v, (signature) => Buffer.alloc(signature.length).fill(1, signature.length - 1)),
  ],
  ["of another token", (v) => reassemble(v.alice.token, (h, p) => `${h}.${p}.${v.bob.token.split(".")[2]}`)],
  [
    "over somebody else's claims",
    (v) => reassemble(v.alice.token, (h, _, s) => `${h}.${v.bob.token.split(".")[1]}.${s}`),
  ],
  ["of a payload with a bit changed", (v) => reassemble(v.alice.token, (h, p, s) => `${h}.${flipBit(p)}.${s}`)],
  [
    "of a header with other spacing",
    (v) => reassemble(v.alice.token, (h, p, s) => `${encode(` ${decode(h)}`)}.${p}.${s}`),
  ],
  [
    "of claims that say more",
    (v) => reassemble(v.alice.token, (h, p, s) => `${h}.${encode(decode(p).replace(/}$/, ',"admin":true}'))}.${s}`),
  ],
];

const resign = ({ header, claims, algorithm }: Victim, jwk: JWK) =>
  signSegments(`${encode(asText(header))}.${encode(asText(claims))}`, algorithm, jwk);

function withSignature({ alice }: Pick<Victim, "alice">, change: (signature: Buffer) => Buffer): string {
  return reassemble(
    alice.token,
    (h, p, signature) => `${h}.${p}.${encode(change(Buffer.from(signature, "base64url")))}`,
  );
}

/** `"exp":1…` becomes `"exp":3…`, and the token would live until long after its reader. */
function flipBit(payload: string): string {
  return encode(decode(payload).replace('"exp":1', '"exp":3'));
}

const victims = new Map<TokenAlgorithm, Victim>();

function victimOf(algorithm: TokenAlgorithm): Victim {
  const victim = victims.get(algorithm);
  if (!victim) throw new Error("There is no service with this algorithm");
  return victim;
}

beforeAll(async () => {
  for (const algorithm of tokenAlgorithms) victims.set(algorithm, await openVictim(algorithm));
});
afterAll(async () => {
  for (const { test } of victims.values()) await test[Symbol.asyncDispose]();
});

describe.each(tokenAlgorithms)("with %s, what is not a token of our own making is refused", (algorithm) => {
  let victim: Victim;
  beforeAll(() => {
    victim = victimOf(algorithm);
  });

  test("though a token that is forged with the stolen key, and right in everything, gets in", async () => {
    expect(await present(victim, `Bearer ${victim.forge(victim.header, { ...victim.claims, jti: "forged" })}`)).toBe(
      "accepted",
    );
    expect(await present(victim, `Bearer ${forgeOfLength(victim, 8_190)}`)).toBe("accepted");
    expect(await present(victim, `Bearer ${signRespelled(victim, (header, payload) => `${header}.${payload}`)}`)).toBe(
      "accepted",
    );
  });

  const forgeries: [string, Forgery[]][] = [
    ["the algorithm", algorithmForgeries],
    ["a public key as a secret", confusionForgeries],
    ["the header", headerForgeries],
    ["the claims", claimForgeries],
    ["the form", formForgeries],
    ["the signature", signatureForgeries],
  ];
  describe.each(forgeries)("by %s", (_part, table) => {
    // In the ordinary run every third one with the usual algorithm, and a sample with the others.
    for (const { tags, cases } of shareOut(table, algorithm === "EdDSA" ? 5 : 20))
      test.each(cases)("%s", { tags }, async (_what, make) => {
        const forged = make(victim);
        expect(await present(victim, `Bearer ${forged}`)).toBe("token_invalid");
        expect(await victim.test.auth.inspectToken(forged, victim.test.facts)).toEqual({ active: false });
      });
  });

  for (const [numRuns, tags] of [
    [20, []],
    [200, ["long"]],
  ] as const)
    test(`whatever the string is, of ${numRuns}: nobody gets in, and no other error is thrown`, {
      tags: [...tags],
    }, async () => {
      await fc.assert(
        fc.asyncProperty(anyToken(victim), async (text) => {
          fc.pre(text !== victim.alice.token);
          expect(await present(victim, `Bearer ${text}`)).toBe("token_invalid");
          expect(await present(victim, text)).toMatch(/^token_(missing|invalid)$/);
          expect(await victim.test.auth.inspectToken(text, victim.test.facts)).toEqual({ active: false });
        }),
        { numRuns },
      );
    });

  test("a token expires a minute after its time, and not before", async () => {
    const iat = now(victim) - 900;
    const expiringAt = (exp: number) => victim.forge(victim.header, { ...victim.claims, iat, exp });
    expect(await present(victim, `Bearer ${expiringAt(now(victim) - 61)}`)).toBe("token_expired");
    expect(await present(victim, `Bearer ${expiringAt(now(victim) - 60)}`)).toBe("token_expired");
    expect(await present(victim, `Bearer ${expiringAt(now(victim) - 59)}`)).toBe("accepted");
    expect(await present(victim, `Bearer ${victim.forge(victim.header, { ...victim.claims, iat: 1, exp: 2 })}`)).toBe(
      "token_expired",
    );
  });

  test("the clock of the machine that signed may be a minute ahead, and a life a day long", async () => {
    const ahead = victim.forge(victim.header, { ...victim.claims, iat: now(victim) + 60 });
    const long = victim.forge(victim.header, { ...victim.claims, iat: now(victim), exp: now(victim) + 86_400 });
    expect(await present(victim, `Bearer ${ahead}`)).toBe("accepted");
    expect(await present(victim, `Bearer ${long}`)).toBe("accepted");
  });

  test("a token of a session that never was opens none", async () => {
    const forged = victim.forge(victim.header, { ...victim.claims, sid: randomUUIDv7() });
    expect(await present(victim, `Bearer ${forged}`)).toBe("session_ended");
  });
});

/** Noise, near misses of a real token, and headers and payloads of its shape under a made-up signature. */
function anyToken({ alice, header, claims }: Victim): fc.Arbitrary<string> {
  const segment = fc.string({ unit: fc.constantFrom(...alphabet), maxLength: 90 });
  const change = fc.tuple(
    fc.nat(alice.token.length),
    fc.nat(2),
    fc.string({ unit: fc.constantFrom(...`${alphabet}.=`) }),
  );
  const anyMembers = (real: Members) =>
    fc.record(
      Object.fromEntries(
        Object.entries(real).map(([name, value]) => [name, fc.oneof(fc.constant(value), fc.jsonValue())]),
      ),
    );
  return fc.oneof(
    fc.array(fc.nat(0xffff), { maxLength: 300 }).map((units) => String.fromCharCode(...units)),
    fc.array(segment, { maxLength: 6 }).map((segments) => segments.join(".")),
    change.map(([at, remove, insert]) => alice.token.slice(0, at) + insert + alice.token.slice(at + remove)),
    fc
      .tuple(anyMembers(header), anyMembers(claims), segment)
      .map(([anyHeader, anyClaims, end]) => `${encode(asText(anyHeader))}.${encode(asText(anyClaims))}.${end}`),
  );
}

test("the id of one algorithm's key never verifies another's signature, while both keys are accepted", async () => {
  await using test = await createTestAuth();
  await signIn(test, "alice");
  const keys: ForgersKey[] = [];
  let latest = "";
  for (const algorithm of tokenAlgorithms) {
    const auth = await test.another({ tokens: { algorithm } });
    // A key signs ten minutes after it was published.
    await test.clock.advance(600);
    const { token } = await auth.signIn({ username: "alice", password }, test.facts);
    const { alg, kid } = headerOf(token);
    latest = token;
    keys.push({ algorithm: alg, kid, jwk: await stealKey(test, kid) });
  }
  expect(keys.map(({ algorithm }) => algorithm)).toEqual(tokenAlgorithms);
  const claims = claimsOf(latest);
  for (const { alg, kid, signer } of combine(keys)) {
    const forged = signSegments(
      `${encode(asText({ alg, kid: kid.kid, typ: "at+jwt" }))}.${encode(asText(claims))}`,
      signer.algorithm,
      signer.jwk,
    );
    const isOurs = alg === kid.algorithm && kid === signer;
    expect(await present({ test }, `Bearer ${forged}`)).toBe(isOurs ? "accepted" : "token_invalid");
  }
});

interface ForgersKey {
  readonly algorithm: TokenAlgorithm;
  readonly kid: string;
  readonly jwk: JWK;
}

function combine(keys: readonly ForgersKey[]) {
  return tokenAlgorithms.flatMap((alg) => keys.flatMap((kid) => keys.map((signer) => ({ alg, kid, signer }))));
}

describe("a signature has one form", () => {
  test("with ES256 it is never DER, as other formats have it", async () => {
    const victim = victimOf("ES256");
    const key = createPrivateKey({ key: { ...victim.privateJwk }, format: "jwk" });
    const input = victim.alice.token.slice(0, victim.alice.token.lastIndexOf("."));
    const der = sign("sha256", Buffer.from(input), { key, dsaEncoding: "der" });
    expect(await present(victim, `Bearer ${input}.${encode(der)}`)).toBe("token_invalid");
  });

  test("with EdDSA the mirrored one, with the group's order added, is refused", async () => {
    const victim = victimOf("EdDSA");
    const order = 2n ** 252n + 27742317777372353535851937790883648493n;
    const mirrored = withSignature(victim, (signature) => {
      const s = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString("hex")}`) + order;
      const bytes = Buffer.from(s.toString(16).padStart(64, "0"), "hex").reverse();
      return Buffer.concat([signature.subarray(0, 32), bytes]);
    });
    expect(await present(victim, `Bearer ${mirrored}`)).toBe("token_invalid");
  });

  test("with ES256 the mirrored one (n − s) is ECDSA's second spelling: it says the same, and ends with the same session", async () => {
    const victim = victimOf("ES256");
    const { auth, facts } = victim.test;
    const session = await auth.signIn({ username: "alice", password }, facts);
    const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
    const mirrored = withSignature({ alice: session }, (signature) => {
      const s = order - BigInt(`0x${signature.subarray(32).toString("hex")}`);
      return Buffer.concat([signature.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, "0"), "hex")]);
    });
    const caller = await auth.authenticate([`Bearer ${mirrored}`]);
    expect(caller).toEqual(await auth.authenticate([`Bearer ${session.token}`]));
    await auth.signOut(session.refreshToken, facts);
    expect(await present(victim, `Bearer ${mirrored}`)).toBe("session_ended");
  });
});

test("an access token says who, for whom and until when, and nothing personal", () => {
  const { alice, header, claims, test } = victimOf("EdDSA");
  const iat = toNumericDate(test.clock.now());
  expect(Object.keys(header).sort()).toEqual(["alg", "kid", "typ"]);
  expect(claims).toEqual({
    iss: "latchkey",
    aud: "latchkey",
    sub: alice.user.id,
    sid: expect.stringMatching(/^[0-9a-f-]{36}$/),
    jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
    iat,
    exp: iat + 900,
    auth_time: expect.any(Number),
    acr: "1",
    amr: ["pwd"],
  });
  expect(toNumericDate(alice.expiresAt)).toBe(iat + 900);
});
