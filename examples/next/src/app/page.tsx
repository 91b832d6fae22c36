import { redirect } from "next/navigation";
import { readSession } from "../session.ts";
import { signOut } from "./actions.ts";
import { Devices } from "./devices.tsx";
import { People } from "./people.tsx";

export default async function Page() {
  const session = await readSession();
  const user = await session.user();
  if (!user) redirect("/sign-in");
  const permissions = await session.api.me.permissions.query();
  return (
    <>
      <header>
        <h1>Hello, {user.firstName || user.username}</h1>
        <form action={signOut}>
          <button type="submit">Sign out</button>
        </form>
      </header>
      <Devices />
      {permissions.includes("auth.view_user") && <People />}
    </>
  );
}
