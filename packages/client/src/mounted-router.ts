import type { AnyRouter, inferRouterOutputs } from "@trpc/server";
import type { User } from "./api-types.ts";

/** The user of a session; what `me.get` answers where a router has no more than that. */
type PersonIn<Answers> = Answers extends { token: { refresh: { user: infer Person extends { id: string } } } }
  ? Person
  : Answers extends { me: { get: infer Person extends { id: string } } }
    ? Person
    : never;

/** Who signs in with a router, at the top or one level below. */
export type PersonOf<Router extends AnyRouter> = PersonFrom<inferRouterOutputs<Router>>;

type PersonFrom<Answers> = [PersonIn<Answers>] extends [never] ? OrUser<PersonBelow<Answers>> : PersonIn<Answers>;
type PersonBelow<Answers> = { [Key in keyof Answers]: PersonIn<Answers[Key]> }[keyof Answers];
type OrUser<Person> = [Person] extends [never] ? User : Person;
