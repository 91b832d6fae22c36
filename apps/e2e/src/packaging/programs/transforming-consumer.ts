/** Uses a router of one's own that has Latchkey's below a name, and a transformer that keeps dates. It is compiled, not run. */
import { createAuthClient } from "@latchkey/client";
import { withCodes } from "@latchkey/client/codes";
import { addPasskey, signInWithPasskey } from "@latchkey/client/passkeys";
import { usePasskey } from "@latchkey/client/passkeys/react";
import { AuthProvider, useAuth, useUser } from "@latchkey/client/react";
import { useReauthenticate } from "@latchkey/client/reauthenticate/react";
import { handleRedirect, signInWithRedirect, takeOverSession } from "@latchkey/client/redirect";
import { enrollTotp, showSecondFactor } from "@latchkey/client/second-factor";
import { useSecondFactor } from "@latchkey/client/second-factor/react";
import { createServerSession } from "@latchkey/client/server";
import { initTRPC } from "@trpc/server";
import { createElement } from "react";

const transformer = { serialize: (value: unknown) => value, deserialize: (value: unknown) => value };
const t = initTRPC.create({ transformer });

interface Person {
  readonly id: string;
  readonly username: string;
  readonly dateJoined: Date;
  readonly nickname: string | null;
}

const person: Person = { id: "", username: "", dateJoined: new Date(), nickname: null };
const _appRouter = t.router({ auth: t.router({ me: t.router({ get: t.procedure.query(() => person) }) }) });
type AppRouter = typeof _appRouter;

const options = { url: "https://app.example.com", path: "auth", transformer } as const;
export const auth = createAuthClient<AppRouter>(options);
const serverSession = createServerSession<AppRouter>(options);

export const App = (props: { readonly initialUser: Person | null }) =>
  createElement(AuthProvider, { client: auth, ...props }, createElement(Account));

export async function Page(request: Request) {
  const user = await (await serverSession(request)).user();
  return createElement(AuthProvider, { client: auth, initialUser: user }, createElement(Account));
}

function Account() {
  const { user, auth: client } = useAuth<AppRouter>();
  const passkey = usePasskey(client);
  const second = useSecondFactor(client);
  useReauthenticate(client);
  const joined: readonly (Date | undefined)[] = [
    user?.dateJoined,
    useUser<AppRouter>()?.dateJoined,
    passkey.user?.dateJoined,
    second.user?.dateJoined,
  ];
  return createElement("p", null, user?.nickname, joined.length);
}

/** Whatever signs in answers the person of this router, without being told of it. */
export async function listPeople(): Promise<readonly (Person | null | undefined)[]> {
  const pending = { ticket: "", expiresAt: new Date(), methods: [], enroll: [], rememberSeconds: null } as const;
  await signInWithRedirect(auth, { clientId: "shop", redirectUri: "https://shop.example.com/" });
  await enrollTotp(auth, pending);
  await addPasskey(auth);
  const code = await withCodes(auth).startCode({ to: "+905321234567" });
  const outcome = await code.confirm("123456");
  return [
    await signInWithPasskey(auth),
    (await handleRedirect(auth))?.user,
    await takeOverSession(auth),
    await showSecondFactor(auth, pending, "123456"),
    outcome.next === "done" ? outcome.user : null,
  ];
}

// @ts-expect-error somebody of another router is not who is signed in with this one
createElement(AuthProvider, { client: auth, initialUser: { id: "1", dateJoined: "2026-01-01" } });
