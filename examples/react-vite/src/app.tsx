import { SignedIn, SignedOut, useAuth, usePermission } from "@latchkey/client/react";
import { Devices } from "./devices.tsx";
import { People } from "./people.tsx";
import { SignIn } from "./sign-in.tsx";

export function App() {
  return (
    <main>
      <SignedOut>
        <SignIn />
      </SignedOut>
      <SignedIn>
        <Account />
      </SignedIn>
    </main>
  );
}

function Account() {
  const { user, signOut } = useAuth();
  const mayViewPeople = usePermission("auth.view_user");
  return (
    <>
      <header>
        <h1>Hello, {user?.firstName || user?.username}</h1>
        <button type="button" onClick={signOut}>
          Sign out
        </button>
      </header>
      <Devices />
      {mayViewPeople === "yes" && <People />}
    </>
  );
}
