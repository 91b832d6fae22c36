import type { AuthClient, PersonOf } from "@latchkey/client";
import { showPasskey, signInWithPasskey } from "@latchkey/client/passkeys";
import { usePasskey } from "@latchkey/client/passkeys/react";
import { AuthProvider } from "@latchkey/client/react";
import { handleRedirect, takeOverSession } from "@latchkey/client/redirect";
import { showSecondFactor } from "@latchkey/client/second-factor";
import { useSecondFactor } from "@latchkey/client/second-factor/react";
import { expectTypeOf, test } from "vitest";
import type { ShopRouter } from "../mounted/shop.ts";

type Client = AuthClient<ShopRouter>;
type Person = PersonOf<ShopRouter>;

/** Has fields of its own, and moments that its transformer keeps. */
test("the person of a router with a transformer is its own", () => {
  expectTypeOf<Person["dateJoined"]>().toEqualTypeOf<Date>();
  expectTypeOf<Person["nickname"]>().toEqualTypeOf<string | null>();
});

// They answered the person of the service's own router, whose moments are text, to whoever did not name the router's type.
test("whatever signs in with the client of a router answers that router's person", () => {
  const passkey = (auth: Client) => signInWithPasskey(auth);
  const asFactor = (auth: Client) => showPasskey(auth, { ticket: "", enroll: [] });
  const factor = (auth: Client) => showSecondFactor(auth, { ticket: "" }, "123456");
  const redirect = (auth: Client) => handleRedirect(auth);
  const takeOver = (auth: Client) => takeOverSession(auth);
  expectTypeOf(passkey).returns.resolves.toEqualTypeOf<Person | null>();
  expectTypeOf(asFactor).returns.resolves.extract<object>().toHaveProperty("user").toEqualTypeOf<Person>();
  expectTypeOf(factor).returns.resolves.toEqualTypeOf<Person>();
  expectTypeOf(redirect).returns.resolves.extract<object>().toHaveProperty("user").toEqualTypeOf<Person>();
  expectTypeOf(takeOver).returns.resolves.toEqualTypeOf<Person | null>();
  const hooks = (auth: Client) => [usePasskey(auth).user, useSecondFactor(auth).user] as const;
  expectTypeOf(hooks).returns.toEqualTypeOf<readonly [Person | null, Person | null]>();
});

// It took clients alone whose person is that of the service's own router.
test("AuthProvider takes the client of any router, with a person of that router", () => {
  const provide = (client: Client, initialUser: Person | null) => AuthProvider({ client, initialUser });
  expectTypeOf(provide).toBeFunction();
  // @ts-expect-error it is no person of the router
  const provideAnother = (client: Client) => AuthProvider({ client, initialUser: { id: "1" } });
  expectTypeOf(provideAnother).toBeFunction();
});
